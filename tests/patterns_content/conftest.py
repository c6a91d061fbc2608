"""What every handler test needs: the handler as Lambda would load it, a context, and its log lines."""

import importlib.util
import json
import os
import sys
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import pytest

CONTENT = Path(__file__).parents[2] / "patterns_content"
ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
_numbers = count(1)


class LoadHandler(Protocol):
    def __call__(self, path: str, **environment: str) -> ModuleType: ...


class LogLines(Protocol):
    def __call__(self) -> list[dict[str, Any]]: ...


class LambdaContext:
    """The part of Lambda's context object that handlers here read."""

    function_name = "lab-function"
    memory_limit_in_mb = "256"
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:lab-function"

    def __init__(self, aws_request_id: str = "00000000-0000-4000-8000-000000000001") -> None:
        self.aws_request_id = aws_request_id

    def get_remaining_time_in_millis(self) -> int:
        return 3000


@pytest.fixture
def load_handler() -> Iterator[LoadHandler]:
    """Load a handler module afresh, as a cold start does: `load_handler("slug/functions/web/app.py", T="t")`.

    Every call makes a new module under a name of its own, so two `app.py` never meet and module-level
    state starts clean. Keyword arguments are environment variables. After the test the environment
    and `sys.modules` are as they were.
    """
    environment = dict(os.environ)
    loaded: list[str] = []

    def load(path: str, **variables: str) -> ModuleType:
        os.environ.pop("AWS_PROFILE", None)
        for name, value in ENVIRONMENT.items():
            os.environ.setdefault(name, value)
        os.environ.update(variables)
        source = CONTENT / path
        name = f"handler_{next(_numbers)}_{source.parent.name.replace('-', '_')}"
        spec = importlib.util.spec_from_file_location(name, source)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        loaded.append(name)
        spec.loader.exec_module(module)
        return module

    yield load

    for name in loaded:
        sys.modules.pop(name, None)
    os.environ.clear()
    os.environ.update(environment)


@pytest.fixture
def context() -> LambdaContext:
    return LambdaContext()


@pytest.fixture
def log_lines(capsys: pytest.CaptureFixture[str]) -> LogLines:
    """The JSON lines printed since the last call, parsed. A line that is not JSON fails the test."""

    def read() -> list[dict[str, Any]]:
        return [json.loads(line) for line in capsys.readouterr().out.splitlines()]

    return read
