"""Python's logging and a failed import show in the trace as they do in CloudWatch Logs."""

import io
import re
import sys
from typing import Any

import pytest

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded.workers.python_runtime import SUPPORT, logging_as_lambda
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab
from catalogue.labs.targets import get_target
from catalogue.labs.watching import gauges
from catalogue.labs.watching.trace import LogLine, LogReader
from catalogue.patterns.content.pattern import load_pattern
from tests.labs.conftest import CONTENT, Deploy, run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def logger(deploy: Deploy) -> Lab:
    return deploy(load_pattern(CONTENT / "logger"))


def lines_of(lab: Lab, function: str) -> list[LogLine]:
    return gauges.read_logs(get_target(), {function: resources_of(lab)[function]}, 0)


def test_logging_looks_as_in_cloudwatch_and_each_line_names_its_own_request(logger: Lab) -> None:
    async def twice() -> list[str]:
        return [(await call_edge(logger.pk, "GET", "/web", {})).body for _ in range(2)]

    requests = run(twice())
    lines = lines_of(logger, "Web")
    said = [line.message for line in lines if line.message.startswith("[INFO]")]
    assert [line.split("\t")[2] for line in said] == requests
    assert all(
        re.fullmatch(r"\[INFO\]\t\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\t[0-9a-f-]{36}\ttook /web", line)
        for line in said
    )
    assert not any("too quiet" in line.message for line in lines)
    events = list(LogReader().read(lines))
    assert [event.data["error"] for event in events if event.kind == "invocation"] == [False, False]
    assert any("[INFO]\t" in event.data.get("message", "") for event in events if event.kind == "log")


@pytest.mark.parametrize(
    ("path", "function", "reason", "frame"),
    [
        (
            "/lost",
            "Lost",
            "[ERROR] Runtime.ImportModuleError: Unable to import module 'app': No module named 'no_such_package'",
            '  File "/var/task/app.py", line 1, in <module>',
        ),
        (
            "/nameless",
            "Nameless",
            "[ERROR] Runtime.HandlerNotFound: Handler 'no_such_handler' missing on module 'app'",
            "Traceback (most recent call last):",
        ),
    ],
)
def test_a_function_that_cannot_be_imported_says_why_each_time(
    logger: Lab, path: str, function: str, reason: str, frame: str
) -> None:
    async def twice() -> list[int]:
        return [(await call_edge(logger.pk, "GET", path, {})).status for _ in range(2)]

    assert run(twice()) == [502, 502]
    lines = lines_of(logger, function)
    messages = [line.message for line in lines]
    assert messages.count(reason) == 2
    assert messages.count(frame) == 2
    assert not any("ministack" in message or "_worker" in message for message in messages)
    told = [event.data for event in LogReader().read(lines) if event.kind == "invocation"]
    assert [data["error"] for data in told] == [True, True]


def test_another_script_than_the_known_one_is_refused() -> None:
    with pytest.raises(ValueError, match="another script"):
        logging_as_lambda("def run():\n    pass")


def test_a_module_that_is_not_python_shows_the_line(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(sys, "__stderr__", written)
    runtime: dict[str, Any] = {}
    exec(SUPPORT, runtime)
    try:
        compile("def handler(event, context):\n    return {\n", "/x/ministack-lambda-f/code/app.py", "exec")
    except SyntaxError as error:
        runtime["_ms_import_failure"](error.with_traceback(None), "app", "handler")
    assert written.getvalue().splitlines() == [
        "Traceback (most recent call last):",
        '  File "/x/ministack-lambda-f/code/app.py", line 2',
        "    return {",
        "Runtime.UserCodeSyntaxError: Syntax error in module 'app': '{' was never closed (app.py, line 2)",
    ]
