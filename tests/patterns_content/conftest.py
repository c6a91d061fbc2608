"""What every handler test needs: the handler as Lambda would load it, a context, and its log lines."""

import importlib.util
import json
import os
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import boto3
import pytest

from catalogue.labs.embedded import process
from catalogue.patterns.template import read_template

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
    state starts clean. Modules beside it are imported as on Lambda, by their bare name, afresh too.
    Keyword arguments are environment variables. After the test the environment, `sys.path` and
    `sys.modules` are as they were.
    """
    environment, path_before, modules = dict(os.environ), list(sys.path), set(sys.modules)

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
        # A handler's own folder is on Lambda's import path; its sibling modules start afresh with it.
        sys.path[:] = [str(source.parent), *path_before]
        for sibling in source.parent.glob("*.py"):
            sys.modules.pop(sibling.stem, None)
        spec.loader.exec_module(module)
        return module

    yield load

    sys.path[:] = path_before
    for name in set(sys.modules) - modules:
        if str(getattr(sys.modules[name], "__file__", None) or "").startswith(str(CONTENT)):
            del sys.modules[name]
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


@pytest.fixture(scope="session")
def embedded_aws() -> Iterator[str]:
    """The address of an embedded AWS, for handlers whose work is conditions in a database."""
    with process.running() as emulator:
        yield emulator.url


@pytest.fixture
def make_table(embedded_aws: str) -> Callable[[str, str], str]:
    """Create a table as a template has it: `make_table("slug", "KeysTable")` returns its name."""

    def make(slug: str, logical_id: str) -> str:
        path = CONTENT / slug / "template.yaml"
        table = read_template(path, path.read_text("utf-8")).resources[logical_id]
        name = f"{logical_id}-{next(_numbers)}"
        session = boto3.Session("test", "test", region_name="us-east-1")
        session.client("dynamodb", endpoint_url=embedded_aws).create_table(
            TableName=name,
            KeySchema=table.properties["KeySchema"],
            AttributeDefinitions=table.properties["AttributeDefinitions"],
            BillingMode="PAY_PER_REQUEST",
        )
        return name

    return make
