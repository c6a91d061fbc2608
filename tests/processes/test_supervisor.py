"""The supervisor with real processes: small Python programs that say when they are ready and how they end."""

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from catalogue.processes.supervisor import Part, PartFailedError, Supervisor, kill_leftovers
from catalogue.processes.supervisor.output import LONGEST_LINE
from catalogue.processes.supervisor.running import Running
from catalogue.processes.supervisor.state import read
from tests.support.site import ROOT, alive

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


async def until(condition: Callable[[], bool], seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.02)


def pids(file: Path) -> list[int]:
    return [int(line) for line in file.read_text().split()] if file.exists() else []


async def test_says_so_once_every_part_is_ready() -> None:
    ready = asyncio.Event()
    supervisor = Supervisor([part("one", SERVES), part("two", SERVES)], ready.set)
    running = asyncio.create_task(supervisor.run())
    await asyncio.wait_for(ready.wait(), 60)
    supervisor.stop()
    await asyncio.wait_for(running, 60)


async def test_a_part_that_dies_is_started_again(tmp_path: Path) -> None:
    started = tmp_path / "started"
    ready = asyncio.Event()
    supervisor = Supervisor([part("mortal", NOTES_ITS_PID, str(started))], ready.set)
    running = asyncio.create_task(supervisor.run())
    await asyncio.wait_for(ready.wait(), 60)
    os.kill(pids(started)[0], signal.SIGKILL)
    await until(lambda: len(pids(started)) == 2)
    assert alive(pids(started)[1])
    supervisor.stop()
    await asyncio.wait_for(running, 60)
    assert not any(alive(pid) for pid in pids(started))


async def test_stopping_reaches_the_processes_that_a_part_has_started(tmp_path: Path) -> None:
    file = tmp_path / "grandchild"
    ready = asyncio.Event()
    supervisor = Supervisor([part("parent", HAS_A_CHILD, str(file))], ready.set)
    running = asyncio.create_task(supervisor.run())
    await asyncio.wait_for(ready.wait(), 60)
    assert alive(int(file.read_text()))
    supervisor.stop()
    await asyncio.wait_for(running, 60)
    await until(lambda: not alive(int(file.read_text())))


async def test_a_part_that_cannot_start_ends_the_whole_tree(tmp_path: Path) -> None:
    started = tmp_path / "started"
    parts = [part("good", NOTES_ITS_PID, str(started)), part("bad", "raise SystemExit(3)")]
    with pytest.raises(PartFailedError, match="bad ended with exit code 3"):
        await Supervisor(parts, lambda: None).run()
    assert not any(alive(pid) for pid in pids(started))


STOPS_ITSELF_ONCE = """
import os, pathlib, signal, sys, time
from catalogue.processes import heartbeat
heartbeat.beat()
first = not pathlib.Path(sys.argv[1]).exists()
with open(sys.argv[1], "a") as file: file.write(f"{os.getpid()}\\n")
if first: os.kill(os.getpid(), signal.SIGSTOP)
while True: heartbeat.beat(); time.sleep(0.1)
"""


async def test_a_part_whose_heart_stops_is_killed_and_replaced_and_that_is_one_log_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    started = tmp_path / "started"
    command = [sys.executable, "-c", STOPS_ITSELF_ONCE, str(started)]
    supervisor = Supervisor([Part("web 1", command, beats=True, patience=3)], lambda: None)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: len(caplog.records) == 1, 30)
    first, second = pids(started)
    assert not alive(first)
    assert alive(second)
    assert re.fullmatch(
        r"web 1 showed no sign of life for \d+ s and was killed; it was running again after \d+\.\d s",
        caplog.records[0].getMessage(),
    )
    supervisor.stop()
    await asyncio.wait_for(running, 60)
    assert not alive(second)
    assert len(caplog.records) == 1


async def test_a_part_that_does_not_answer_is_replaced_and_one_that_answers_again_is_not(tmp_path: Path) -> None:
    started = tmp_path / "started"
    answers_to_give = iter([True, False, True, False, True])

    async def answer(_seconds: float) -> bool:
        return next(answers_to_give, len(pids(started)) > 1)

    command = [sys.executable, "-c", NOTES_ITS_PID, str(started)]
    supervisor = Supervisor([Part("emulator", command, answers=answer, patience=4)], lambda: None)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: len(pids(started)) == 2, 30)
    assert next(answers_to_give, None) is None, "a single silence was not held against it"
    supervisor.stop()
    await asyncio.wait_for(running, 60)


async def test_pauses_grow_for_a_part_that_keeps_dying_and_the_rest_goes_on(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    started = tmp_path / "started"
    dies = part("dies", "import time; print('ready', flush=True); time.sleep(0.3)")
    supervisor = Supervisor([part("lives", NOTES_ITS_PID, str(started)), dies], lambda: None)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: len(caplog.records) >= 4, 30)
    pauses = [float(re.findall(r"after (\d+\.\d) s", record.getMessage())[0]) for record in caplog.records[:4]]
    assert all(pause >= least for pause, least in zip(pauses, (0, 0.2, 0.4, 0.8), strict=True)), pauses
    assert all("dies ended with exit code 0" in record.getMessage() for record in caplog.records[:4])
    assert len(pids(started)) == 1
    supervisor.stop()
    await asyncio.wait_for(running, 60)


ASKS_FOR_RESTARTS = """
import os, sys, time
with open(sys.argv[1], "a") as file: file.write(f"{os.getpid()}\\n")
print("ready\\nstarted afresh", flush=True)  # both at once: the test stops the part once it is ready
if open(sys.argv[1]).read().count("\\n") <= 5:
    time.sleep(1)  # a busy supervisor has to see that it is ready
    raise SystemExit(75)
time.sleep(60)
"""


async def test_a_part_that_asks_to_be_started_again_has_not_failed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    started, state = tmp_path / "started", tmp_path / "parts.json"
    command = [sys.executable, "-c", ASKS_FOR_RESTARTS, str(started)]
    supervisor = Supervisor([Part("part", command, restart_code=75)], lambda: None, state)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: len(pids(started)) == 6, 30)
    await until(lambda: part_state(state)["state"] == "running")
    assert (part_state(state)["restarts"], part_state(state)["cause"]) == (0, "")
    supervisor.stop()
    await asyncio.wait_for(running, 60)
    assert not caplog.records
    assert capsys.readouterr().err.splitlines() == ["part: started afresh"] * 6


async def test_a_line_without_end_neither_blocks_its_part_nor_floods_the_log(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written = tmp_path / "written"
    program = (
        "import pathlib, sys, time\n"
        "print('ready', flush=True)\n"
        "print('x' * 1_000_000)\n"
        "print('short', flush=True)\n"
        "pathlib.Path(sys.argv[1]).touch()\n"
        "time.sleep(60)\n"
    )
    supervisor = Supervisor([part("chatty", program, str(written))], lambda: None)
    running = asyncio.create_task(supervisor.run())
    await until(written.exists)
    supervisor.stop()
    await asyncio.wait_for(running, 60)
    long, short = capsys.readouterr().err.splitlines()
    assert long.startswith("chatty: xxx")
    assert long.endswith(" [line cut]")
    assert len(long) < LONGEST_LINE + 100
    assert short == "chatty: short"


LEAVES_A_STRAY = """
import pathlib, subprocess, sys
stray = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
with open(sys.argv[1], "a") as file: file.write(f"{stray.pid}\\n")
print("ready", flush=True); sys.stdin.close(); stray.wait()
"""
SUPERVISES = """
import asyncio, pathlib, signal, sys
from catalogue.processes.supervisor import Part, Supervisor
async def main():
    part = Part("part", [sys.executable, "-c", sys.argv[1], sys.argv[2]])
    supervisor = Supervisor([part], lambda: None, pathlib.Path(sys.argv[3]), sole=True)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, supervisor.stop)
    await supervisor.run()
asyncio.run(main())
"""


def supervise(program: str, notes: Path, state: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", SUPERVISES, program, str(notes), str(state)], cwd=ROOT)


async def test_what_a_killed_part_has_started_in_a_session_of_its_own_is_killed_too(tmp_path: Path) -> None:
    notes, state = tmp_path / "strays", tmp_path / "parts.json"
    supervisor = supervise(LEAVES_A_STRAY, notes, state)
    try:
        await until(lambda: len(pids(notes)) == 1 and part_state(state).get("state") == "running", 30)
        os.kill(part_state(state)["pid"], signal.SIGKILL)
        await until(lambda: len(pids(notes)) == 2, 30)
        first, second = pids(notes)
        await until(lambda: not alive(first))
        told = part_state(state)
        assert (told["restarts"], told["cause"]) == (1, "was killed by SIGKILL")
    finally:
        supervisor.terminate()
        supervisor.wait(20)
    assert not alive(second)
    assert not state.exists()


async def test_the_next_start_kills_what_a_killed_supervisor_could_not(tmp_path: Path) -> None:
    """A part that was stopped when its supervisor was killed does not hear the kernel's SIGTERM."""
    notes, state = tmp_path / "started", tmp_path / "parts.json"
    supervisor = supervise(NOTES_ITS_PID, notes, state)
    await until(lambda: part_state(state).get("state") == "running", 30)
    left = part_state(state)["pid"]
    os.kill(left, signal.SIGSTOP)
    await until(lambda: Path(f"/proc/{left}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T")
    supervisor.kill()
    supervisor.wait()
    assert alive(left)
    assert kill_leftovers(state) == ["part"]
    await until(lambda: not alive(left))
    assert kill_leftovers(state) == []


def part_state(state: Path) -> dict[str, Any]:
    part: dict[str, Any] = (read(state) or {"parts": {"part": {}}})["parts"]["part"]
    return part


async def test_systemd_hears_of_start_life_and_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    address = tmp_path / "notify"
    seen = tmp_path / "seen"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.settimeout(20)
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        monkeypatch.setenv("WATCHDOG_USEC", "200000")
        monkeypatch.delenv("WATCHDOG_PID", raising=False)
        program = (
            "import os, pathlib, sys, time; pathlib.Path(sys.argv[1]).write_text(' '.join(os.environ)); "
            "print('ready', flush=True); time.sleep(60)"
        )
        supervisor = Supervisor([part("part", program, str(seen))], lambda: None)
        running = asyncio.create_task(supervisor.run())

        async def hear(line: str) -> None:
            while line not in (await asyncio.to_thread(systemd.recv, 1000)).decode().split("\n"):
                pass

        await hear("READY=1")
        await hear("WATCHDOG=1")
        await hear("WATCHDOG=1")
        assert not {"NOTIFY_SOCKET", "WATCHDOG_USEC"} & set(seen.read_text().split())
        supervisor.stop()
        await hear("STOPPING=1")
        await asyncio.wait_for(running, 60)


async def test_systemds_watchdog_hears_nothing_once_a_needed_part_is_not_looked_after(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    address = tmp_path / "notify"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(str(address))
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", str(address))
        monkeypatch.setenv("WATCHDOG_USEC", "100000")

        async def fails(_running: Running) -> str:
            raise RuntimeError("a mistake in the supervisor")

        monkeypatch.setattr(Running, "until_over", fails)
        supervisor = Supervisor([part("part", SERVES)], lambda: None)
        running = asyncio.create_task(supervisor.run())
        await until(lambda: "part is no longer supervised" in caplog.text)
        with suppress(BlockingIOError):
            while systemd.recv(1000):
                pass
        await asyncio.sleep(0.3)  # six times what systemd wants to hear
        with pytest.raises(BlockingIOError):
            systemd.recv(1000)
        supervisor.stop()
        await asyncio.wait_for(running, 60)
