"""An invocation has its own log lines, all of them: the worker says where they end."""

import os
import threading
from collections.abc import Iterator

import pytest

from catalogue.labs.embedded.calls.log_lines import END, telling_its_end
from catalogue.labs.embedded.workers.worker_pipes import WorkerPipes, wait_for_log


class Log:
    """The standard error of a worker that the test is."""

    def __init__(self) -> None:
        ends = [os.pipe() for _ in range(3)]
        theirs, ours = ends[0][0], [ends[0][1], ends[1][0], ends[2][0]]
        self._writing = ends[2][1]
        self._unused = [theirs, ends[1][1]]
        self.pipes = WorkerPipes(*(os.fdopen(number) for number in ours))

    def write(self, text: str) -> None:
        os.write(self._writing, text.encode())

    def close(self) -> None:
        os.close(self._writing)

    def forget(self) -> None:
        for number in self._unused:
            os.close(number)


@pytest.fixture
def log() -> Iterator[Log]:
    made = Log()
    yield made
    made.forget()


def test_what_comes_before_the_end_is_the_invocations_and_the_rest_the_nexts(log: Log) -> None:
    log.write(f"one\ntwo\n{END}\nthree\nwithout a line's end{END}\n")
    assert wait_for_log(log.pipes) == "one\ntwo"
    assert wait_for_log(log.pipes) == "three\nwithout a line's end"


def test_a_line_that_is_late_is_waited_for(log: Log) -> None:
    log.write("one\n")
    later = threading.Timer(0.2, log.write, [f"late\n{END}\n"])
    later.start()
    assert wait_for_log(log.pipes) == "one\nlate"
    later.join()


@pytest.mark.parametrize("ends", [True, False])
def test_without_an_end_all_is_taken_that_there_is(log: Log, ends: bool) -> None:
    log.write("one\n\ntwo\n")
    if ends:
        log.close()
    assert wait_for_log(log.pipes, 0.1) == "one\n\ntwo"


def test_another_script_than_the_known_one_is_refused() -> None:
    with pytest.raises(ValueError, match="another script"):
        telling_its_end("def run(): pass")
