"""An invocation has its own log lines, all of them: the worker says where they end."""

import queue
import threading
from collections.abc import Callable

import pytest

from catalogue.labs.embedded.log_lines import END, lines_to_the_end, telling_its_end


def queued(*lines: str) -> "queue.Queue[str]":
    made: queue.Queue[str] = queue.Queue()
    for line in lines:
        made.put(line)
    return made


def test_what_comes_before_the_end_is_the_invocations_and_the_rest_the_nexts() -> None:
    lines = queued("one", "two", END, "three", f"without a line's end{END}")
    assert lines_to_the_end(lines, lambda: True) == "one\ntwo"
    assert lines_to_the_end(lines, lambda: True) == "three\nwithout a line's end"


def test_a_line_that_is_late_is_waited_for() -> None:
    lines = queued("one")

    def say() -> None:
        lines.put("late")
        lines.put(END)

    later = threading.Timer(0.2, say)
    later.start()
    assert lines_to_the_end(lines, lambda: True) == "one\nlate"
    later.join()


@pytest.mark.parametrize("may_come", [lambda: False, lambda: True])
def test_without_an_end_all_is_taken_that_there_is(may_come: Callable[[], bool]) -> None:
    assert lines_to_the_end(queued("one", "", "two"), may_come, patience=0.1) == "one\n\ntwo"


def test_another_script_than_the_known_one_is_refused() -> None:
    with pytest.raises(ValueError, match="another script"):
        telling_its_end("def run(): pass")
