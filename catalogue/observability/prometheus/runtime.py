"""What a process knows of itself, sampled once a second: memory, descriptors, lateness of its event loop."""

import asyncio
import contextlib
import logging
import resource
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

from catalogue.observability.loading import load
from catalogue.observability.prometheus import kept_counts, metrics

SAMPLE_SECONDS = 1.0
_samplers: list[Callable[[], None]] = []


def sample_with(sampler: Callable[[], None]) -> None:
    """Let a part of the site set its gauges once a second, on the event loop; registering twice is harmless."""
    if sampler not in _samplers:
        _samplers.append(sampler)


def sample_process(part: str) -> None:
    """Set the gauges of this process."""
    metrics.process_resident_bytes.labels(part).set(resident_bytes())
    with contextlib.suppress(OSError):
        metrics.process_open_fds.labels(part).set(sum(1 for _ in Path("/proc/self/fd").iterdir()))
    metrics.process_max_fds.labels(part).set(resource.getrlimit(resource.RLIMIT_NOFILE)[0])


def resident_bytes(pid: int | None = None) -> int:
    """Resident memory of a process, of this one by default; 0 where the system does not tell (not Linux, or ended)."""
    try:
        pages = int(Path(f"/proc/{pid or 'self'}/statm").read_text().split()[1])
    except (OSError, ValueError, IndexError):
        return 0
    return pages * resource.getpagesize()


def sample() -> None:
    """Set all gauges of this web process now."""
    kept_counts.take()
    sample_process("web")
    for sampler in _samplers:
        sampler()


@contextlib.asynccontextmanager
async def sampled() -> AsyncIterator[None]:
    """Sample once a second for the length of a block."""
    task = asyncio.create_task(_run())
    load()
    try:
        yield
    finally:
        task.cancel()
        await asyncio.wait([task])
        kept_counts.take()


async def _run() -> None:
    while True:
        due = time.monotonic() + SAMPLE_SECONDS
        await asyncio.sleep(SAMPLE_SECONDS)
        metrics.event_loop_lag_seconds.set(max(0.0, time.monotonic() - due))
        try:
            sample()
        except Exception:
            logging.getLogger(__name__).exception("The process could not be sampled")
