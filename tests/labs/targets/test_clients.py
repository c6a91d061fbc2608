import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import EndpointConnectionError

from catalogue.labs.targets.clients import Clients
from catalogue.processes import heartbeat
from tests.support.site import free_port


def test_every_attempt_of_a_call_is_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    beats: list[None] = []
    monkeypatch.setattr(heartbeat, "beat", lambda: beats.append(None))
    clients = Clients(
        boto3.Session("access", "secret", region_name="eu-central-1"),
        Config(retries={"mode": "standard", "total_max_attempts": 2}),
        endpoint_url=f"http://127.0.0.1:{free_port()}",
    )
    with pytest.raises(EndpointConnectionError):
        clients("sqs").list_queues()
    assert len(beats) == 2
