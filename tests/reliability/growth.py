"""Samples what a site takes, and says what of it grows."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench import machine


@dataclass(frozen=True)
class Sample:
    """One look: PSS in MiB, open descriptors and processes of the tree, and bytes under its folder."""

    at: float
    memory_mib: float
    descriptors: int
    processes: int
    disk_bytes: int


@dataclass
class Samples:
    taken: list[Sample] = field(default_factory=list)

    def growth(self, figure: str) -> float:
        """The median of the last quarter over that of the second one: 1.0 where nothing grows.

        The first quarter is left out: caches fill in it.
        """
        values = [float(getattr(sample, figure)) for sample in self.taken]
        if len(values) < 8:
            return float("nan")
        quarter = len(values) // 4
        before = statistics.median(values[quarter : 2 * quarter])
        return statistics.median(values[-quarter:]) / before if before else float("nan")


@asynccontextmanager
async def sampled(pid: int, folder: Path, every: float) -> AsyncIterator[Samples]:
    """Take a sample of a process tree every so many seconds for the length of a block."""
    samples = Samples()

    async def take() -> None:
        while True:
            samples.taken.append(await asyncio.to_thread(look, pid, folder))
            await asyncio.sleep(every)

    task = asyncio.create_task(take())
    try:
        yield samples
    finally:
        task.cancel()
        await asyncio.wait([task])


def look(pid: int, folder: Path) -> Sample:
    pids = machine.tree(pid)
    return Sample(time.time(), machine.memory_mib(pids), _descriptors(pids), len(pids), _bytes_under(folder))


def _descriptors(pids: Iterable[int]) -> int:
    count = 0
    for pid in pids:
        with suppress(OSError):
            count += sum(1 for _ in Path(f"/proc/{pid}/fd").iterdir())
    return count


def _bytes_under(folder: Path) -> int:
    total = 0
    for file in folder.rglob("*"):
        with suppress(OSError):
            if file.is_file():
                total += file.stat().st_size
    return total
