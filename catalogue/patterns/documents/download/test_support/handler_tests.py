"""What tests of handlers need: the handler as Lambda loads it, a context, its log lines, and tables to work on.

This file is part of every download, and the site's own test suite uses it too.
"""

import contextlib
import functools
import importlib.util
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import boto3
import pytest
import yaml

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_REGION": "us-east-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
START_SECONDS = 60
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


def file_of(path: str) -> Path:
    """A file by `slug/path`: in a project that was downloaded, or in the catalogue's content."""
    project = Path(__file__).resolve().parents[1]
    if (project / "template.yaml").is_file():
        return project / path.partition("/")[2]
    content = next(folder for folder in project.parents if (folder / "patterns_content").is_dir())
    return content / "patterns_content" / path


def resources(slug: str) -> dict[str, Any]:
    """The template's resources by logical id. An intrinsic such as `!Ref X` is what follows its tag."""
    text = file_of(f"{slug}/template.yaml").read_text("utf-8")
    found: dict[str, Any] = yaml.load(text, _Loader)["Resources"]
    return found


class _Loader(yaml.SafeLoader):
    pass


def _untagged(loader: yaml.SafeLoader, _: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


_Loader.add_multi_constructor("!", _untagged)


def repeat_each(client: Any, operation: str) -> None:
    """Let the SDK send each call of this operation twice, as it does when the first answer gets lost."""
    client.meta.events.register(
        f"needs-retry.dynamodb.{operation}", lambda attempts, **_: 0 if attempts == 1 else None, unique_id=operation
    )


@pytest.fixture
def load_handler() -> Iterator[LoadHandler]:
    """Load a handler module as a cold start does: `load_handler("slug/functions/web/app.py", T="t")`.

    Every call makes a new module under a name of its own, so two `app.py` never meet and module-level
    state starts clean. Modules beside it are imported as on Lambda, by their bare name, and start clean too.
    Keyword arguments are environment variables. After the test the environment, `sys.path` and
    `sys.modules` are as they were.
    """
    environment, path_before, modules = dict(os.environ), list(sys.path), set(sys.modules)
    loaded: set[Path] = set()

    def load(path: str, **variables: str) -> ModuleType:
        os.environ.pop("AWS_PROFILE", None)
        os.environ.update(ENVIRONMENT)
        os.environ.update(variables)
        boto3.DEFAULT_SESSION = aws_session()  # the default one would keep the credentials of whatever ran before
        source = file_of(path)
        loaded.add(source.parent)
        name = f"handler_{next(_numbers)}_{source.parent.name.replace('-', '_')}"
        spec = importlib.util.spec_from_file_location(name, source)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        # A handler's own folder is on Lambda's import path; its sibling modules start clean with it.
        sys.path[:] = [str(source.parent), *path_before]
        for sibling in source.parent.glob("*.py"):
            sys.modules.pop(sibling.stem, None)
        spec.loader.exec_module(module)
        return module

    yield load

    boto3.DEFAULT_SESSION = None
    sys.path[:] = path_before
    for name in set(sys.modules) - modules:
        file = getattr(sys.modules[name], "__file__", None)
        if file and loaded.intersection(Path(file).parents):
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
    """The address of an AWS emulator of these tests' own, for handlers whose work is conditions in a database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder:
        emulator = subprocess.Popen(
            [sys.executable, "-c", "from ministack.app import main; main()"],
            env={
                "PATH": os.environ.get("PATH", os.defpath),
                "LANG": "C.UTF-8",
                "TMPDIR": folder,
                "HOME": folder,
                "BIND_HOST": "127.0.0.1",
                "GATEWAY_PORT": str(port),
                "EDGE_PORT": str(port),
                "STATE_DIR": folder,
                "LOG_LEVEL": "ERROR",
                "IOT_MTLS_ENABLED": "0",
                "SFTP_ENABLED": "0",
            },
            cwd=folder,
            stdout=subprocess.DEVNULL,
        )
        try:
            _wait_until_healthy(url, emulator)
            yield url
        finally:
            emulator.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                emulator.wait(5)
            emulator.kill()
            emulator.wait()


def _wait_until_healthy(url: str, emulator: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert emulator.poll() is None, "The emulator ended; its errors are above."
        try:
            with urllib.request.urlopen(f"{url}/_ministack/health", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"The emulator did not answer within {START_SECONDS} seconds.")


@functools.cache
def aws_session() -> boto3.Session:
    """One for all tests: each new session reads the descriptions of its services again, which takes 70 ms a client."""
    key, secret, region = (ENVIRONMENT[f"AWS_{name}"] for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "REGION"))
    return boto3.Session(key, secret, region_name=region)


def client(service: str, url: str) -> Any:
    """A boto3 client of the emulator at `url`."""
    return aws_session().client(service, endpoint_url=url)  # type: ignore[call-overload]


@pytest.fixture
def make_table(embedded_aws: str) -> Callable[[str, str], str]:
    """Create a table as the template has it: `make_table("slug", "KeysTable")` returns its name."""

    def make(slug: str, logical_id: str) -> str:
        properties = resources(slug)[logical_id]["Properties"]
        name = f"{logical_id}-{next(_numbers)}"
        client("dynamodb", embedded_aws).create_table(
            TableName=name,
            KeySchema=properties["KeySchema"],
            AttributeDefinitions=properties["AttributeDefinitions"],
            BillingMode="PAY_PER_REQUEST",
            **{key: properties[key] for key in ("GlobalSecondaryIndexes",) if key in properties},
        )
        return name

    return make
