"""A server of moto's, which answers as an AWS account does: one for the test run, empty for each test."""

from __future__ import annotations

import urllib.request
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto.server import ThreadedMotoServer
from pytest_django import Settings

from catalogue.labs.embedded.process import Emulator
from tests.labs.aws.on_emulator import AwsOnEmulator
from tests.labs.demos.comparisons.conftest import twins  # noqa: F401 (a fixture)

REGION = "eu-central-1"

type Client = Callable[[str], Any]


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    """Its address, on loopback."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def moto(moto_server: str) -> str:
    """The address of an account in which nothing is."""
    urllib.request.urlopen(urllib.request.Request(moto_server + "/moto-api/reset", method="POST"), timeout=10).close()
    return moto_server


@pytest.fixture
def client(moto: str) -> Client:
    """Clients of the empty account."""
    session = boto3.Session(region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
    made: dict[str, Any] = {}

    def client(service: str) -> Any:
        if service not in made:
            make: Any = session.client
            made[service] = make(service, endpoint_url=moto)
        return made[service]

    return client


@pytest.fixture
def on_aws(emulator: Emulator, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> AwsOnEmulator:
    """Labs are made by the AWS target's code, on the embedded AWS."""
    settings.LABS_TARGET = "aws"
    settings.LABS_BUCKET = ""
    target = AwsOnEmulator(emulator.url)
    monkeypatch.setattr("catalogue.labs.targets.aws.aws_target", lambda: target)
    return target
