"""What tests of the fidelity ledgers need: a pattern's own stack on the embedded AWS, and a look into it.

Each test shows what a row of a pattern's ledger.yaml says the embedded AWS did. One that no longer holds after an
upgrade of the emulator means that the row has to be written anew.
"""

import io
import time
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.edge.client import call_edge
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab
from catalogue.labs.targets import get_target
from catalogue.labs.watching import gauges
from catalogue.labs.watching.trace import LogLine
from catalogue.patterns.content.pattern import load_pattern
from tests.labs.conftest import Deploy, run

ECHO = """
import json

def handler(event, context):
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(event)}
"""
"""A handler that answers with the event that the gateway gave it."""


class Stack:
    """A ready lab of a pattern, called through the edge and looked into by its own AWS clients."""

    def __init__(self, lab: Lab) -> None:
        self.lab = lab

    def call(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        text: str | None = None,
    ) -> StepAnswer:
        return run(call_edge(self.lab.pk, method, path, headers or {}, json, text))

    def client(self, service: str) -> Any:
        return get_target().client(service)

    def id(self, logical: str) -> str:
        """The physical id of a resource."""
        return resources_of(self.lab)[logical].id

    def replace_handler(self, function: str, source: str) -> None:
        """Give the function other code, to see what the gateway hands it or makes of its answer."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.py", source)
        self.client("lambda").update_function_code(FunctionName=self.id(function), ZipFile=packed.getvalue())

    def set_environment(self, function: str, **variables: str) -> None:
        functions = self.client("lambda")
        known = functions.get_function_configuration(FunctionName=self.id(function))["Environment"]["Variables"]
        functions.update_function_configuration(
            FunctionName=self.id(function), Environment={"Variables": {**known, **variables}}
        )

    def lines(self, function: str, text: str = "") -> list[LogLine]:
        """The function's log lines that hold the text."""
        return list(gauges.read_log(get_target(), function, f"/aws/lambda/{self.id(function)}", 0, text))

    def invocations(self, function: str) -> int:
        return gauges.count_invocations(get_target(), function, f"/aws/lambda/{self.id(function)}", 0)


def until[T](look: Callable[[], T], seconds: float = 60) -> T:
    """What `look` gives once it gives something; asserts that it does in time."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, f"nothing within {seconds:g} s"
        time.sleep(0.05)
    return seen


@pytest.fixture
def stack_of(deploy: Deploy) -> Callable[..., Stack]:
    """`stack_of("gateway-proxy")`: a ready stack of that pattern."""

    def make(slug: str) -> Stack:
        return Stack(deploy(load_pattern(Path(settings.BASE_DIR / "patterns_content" / slug))))

    return make
