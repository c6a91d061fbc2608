"""A worker's pipes, with a real process behind them: on a thread and on the event loop alike."""

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from catalogue.labs.embedded.calls.log_lines import END
from catalogue.labs.embedded.workers.worker_pipes import DIED, Exchange, WorkerPipes, on_loop, wait, wait_for_log

WORKER = f"""
import json, sys, time
for line in sys.stdin:
    asked = json.loads(line)
    if "log" in asked:
        sys.stderr.write(asked["log"] * asked.get("times", 1) + chr(10))
    if "noise" in asked:
        sys.stdout.write(asked["noise"])
    if "die" in asked:
        sys.exit(3)
    time.sleep(asked.get("sleep", 0))
    sys.stderr.write({END!r} + chr(10))
    sys.stderr.flush()
    print(json.dumps({{"status": "ok", "result": asked.get("echo")}}), flush=True)
"""

type Send = Callable[..., dict[str, Any] | None]


@pytest.fixture
def pipes() -> Iterator[WorkerPipes]:
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", WORKER], text=True, **streams) as process:  # type: ignore[call-overload]
        yield WorkerPipes(process.stdin, process.stdout, process.stderr)
        process.kill()


@pytest.fixture(params=["thread", "loop"])
def send(request: pytest.FixtureRequest, pipes: WorkerPipes) -> Send:
    """Sends one invocation in either way; its answer, or None after the time."""

    def exchange(seconds: float = 60, **asked: Any) -> dict[str, Any] | None:
        one = Exchange(pipes, json.dumps(asked).encode() + b"\n")
        if request.param == "loop":
            asyncio.run(on_loop(one, seconds))
        else:
            wait(one, seconds)
        return one.answer

    return exchange


def test_messages_and_answers_larger_than_a_pipe_go_through(send: Send) -> None:
    large = "x" * 5_000_000
    assert send(echo=large) == {"status": "ok", "result": large}
    assert send(echo="small") == {"status": "ok", "result": "small"}


def test_a_handler_that_logs_more_than_a_pipe_holds_is_not_stopped(send: Send, pipes: WorkerPipes) -> None:
    assert send(log="long line ", times=100_000, echo=1) == {"status": "ok", "result": 1}
    assert len(wait_for_log(pipes)) == 1_000_000


def test_what_a_function_writes_to_standard_output_is_not_its_answer(send: Send) -> None:
    noise = 'loading\n{"status": "busy"}\n{broken\n\n'
    assert send(noise=noise, echo=2) == {"status": "ok", "result": 2}


def test_a_flood_on_standard_output_is_an_error(send: Send) -> None:
    answer = send(noise="flood\n" * 300)
    assert answer is not None
    assert answer["status"] == "error"


def test_a_worker_that_dies_is_an_error_with_its_last_lines(send: Send, pipes: WorkerPipes) -> None:
    assert send(log="last words", die=True) == {"status": "error", "error": DIED}
    assert wait_for_log(pipes) == "last words"


def test_after_the_time_there_is_no_answer(send: Send) -> None:
    assert send(0.2, sleep=30) is None


def test_many_workers_are_waited_for_at_once_without_a_thread(pipes: WorkerPipes) -> None:
    async def scenario() -> None:
        one = Exchange(pipes, json.dumps({"sleep": 0.3, "echo": 1}).encode() + b"\n")
        waiting = asyncio.create_task(on_loop(one, 10))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert await waiting

    asyncio.run(scenario())
