"""Signs of life, seen by the supervisor of real processes: what is busy stays, what is stopped or stuck is replaced."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from catalogue.processes.supervisor import Part, Supervisor
from tests.processes.test_supervisor import pids, until
from tests.support.site import alive

PATIENCE = 3.0
"""Of the supervisor, in seconds."""
STARTS = """
import os, signal, sys, threading, time
from catalogue.processes import heartbeat
note = lambda: print(os.getpid(), file=open(sys.argv[1], "a"))
heartbeat.beat(); note()
"""
LONG_STEPS = "heartbeat.allow(30)\nfor _ in range(2): time.sleep(5); heartbeat.beat(); note()\nsignal.pause()"
IS_STOPPED = "heartbeat.allow(600); os.kill(os.getpid(), signal.SIGSTOP); signal.pause()"
IS_STUCK = "heartbeat.allow(2); signal.pause()"
OTHERS_GO_ON = """
def go_on():
    while True: heartbeat.beat(); time.sleep(0.1)
threading.Thread(target=go_on).start(); signal.pause()
"""


def supervised(program: str, notes: Path) -> Supervisor:
    command = [sys.executable, "-c", STARTS + program, str(notes)]
    return Supervisor([Part("loop", command, beats=True, patience=PATIENCE)], lambda: None)


async def test_a_step_longer_than_the_supervisors_patience_does_not_end_its_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    notes = tmp_path / "notes"
    supervisor = supervised(LONG_STEPS, notes)
    running = asyncio.create_task(supervisor.run())
    await until(lambda: len(pids(notes)) == 3, 30)
    assert len(set(pids(notes))) == 1
    assert not caplog.records
    supervisor.stop()
    await asyncio.wait_for(running, 60)


@pytest.mark.parametrize("program", [IS_STOPPED, IS_STUCK, OTHERS_GO_ON], ids=["stopped", "stuck", "others go on"])
async def test_a_process_that_no_longer_works_is_replaced_whatever_its_steps_may_take(
    tmp_path: Path, program: str, caplog: pytest.LogCaptureFixture
) -> None:
    notes = tmp_path / "notes"
    supervisor = supervised(program, notes)
    began = time.monotonic()
    running = asyncio.create_task(supervisor.run())
    await until(lambda: len(pids(notes)) == 2, 30)
    assert time.monotonic() - began >= PATIENCE
    assert not alive(pids(notes)[0])
    await until(lambda: bool(caplog.records))
    assert "loop showed no sign of life" in caplog.text
    supervisor.stop()
    await asyncio.wait_for(running, 60)
