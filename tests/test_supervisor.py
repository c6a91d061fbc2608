"""The supervisor with real processes: small Python programs that say when they are ready and how they end."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from catalogue.supervisor import Part, PartFailedError, Supervisor

SERVES = "print('ready', flush=True); import time; time.sleep(60)"
HAS_A_CHILD = """
import subprocess, sys, time, pathlib
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path(sys.argv[1]).write_text(str(child.pid))
print("ready", flush=True); time.sleep(60)
"""
NOTES_ITS_PID = """
import os, pathlib, sys, time
with open(sys.argv[1], "a") as file: file.write(f"{os.getpid()}\\n")
print("ready", flush=True); time.sleep(60)
"""


def part(name: str, program: str, *arguments: str) -> Part:
    return Part(name, [sys.executable, "-c", program, *arguments])


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent to notice does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


async def test_says_so_once_every_part_is_ready() -> None:
    ready = asyncio.Event()
    supervisor = Supervisor([part("one", SERVES), part("two", SERVES)], ready.set)
    running = asyncio.create_task(supervisor.run())
    await asyncio.wait_for(ready.wait(), 10)
    supervisor.stop()
    await asyncio.wait_for(running, 10)


async def test_a_part_that_dies_is_started_again(tmp_path: Path) -> None:
    started = tmp_path / "started"
    ready = asyncio.Event()
    supervisor = Supervisor([part("mortal", NOTES_ITS_PID, str(started))], ready.set)
    running = asyncio.create_task(supervisor.run())
    await asyncio.wait_for(ready.wait(), 10)
    os.kill(pids(started)[0], signal.SIGKILL)
    await until(lambda: len(pids(started)) == 2)
    assert alive(pids(started)[1])
    supervisor.stop()
    await asyncio.wait_for(running, 10)
    assert not any(alive(pid) for pid in pids(started))


async def test_stopping_reaches_the_processes_that_a_part_has_started(tmp_path: Path) -> None:
    file = tmp_path / "grandchild"
    ready = asyncio.Event()
    supervisor = Supervisor([part("parent", HAS_A_CHILD, str(file))], ready.set)
    running = asyncio.create_task(supervisor.run())
    await asyncio.wait_for(ready.wait(), 10)
    assert alive(int(file.read_text()))
    supervisor.stop()
    await asyncio.wait_for(running, 10)
    await until(lambda: not alive(int(file.read_text())))


async def test_a_part_that_cannot_start_ends_the_whole_tree(tmp_path: Path) -> None:
    started = tmp_path / "started"
    parts = [part("good", NOTES_ITS_PID, str(started)), part("bad", "raise SystemExit(3)")]
    with pytest.raises(PartFailedError, match="bad ended with exit code 3"):
        await Supervisor(parts, lambda: None).run()
    assert not any(alive(pid) for pid in pids(started))
