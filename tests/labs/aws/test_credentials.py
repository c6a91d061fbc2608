"""The site assumes a role, with its external id and tag, and assumes it again before its credentials end."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import CredentialRetrievalError
from botocore.stub import Stubber
from pytest_django import Settings

from catalogue.labs.aws.credentials import assume_arguments, lab_session

ROLE = "arn:aws:iam::123456789012:role/patterns-lab-site"


@pytest.fixture
def role(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> str:
    settings.LABS_ASSUME_ROLE_ARN = ROLE
    settings.LABS_EXTERNAL_ID = "0123456789abcdef"
    settings.LABS_AWS_SITE = "patterns.example"
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "a")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "b")
    return ROLE


def answer(number: int, minutes: float) -> dict[str, Any]:
    return {
        "Credentials": {
            "AccessKeyId": f"AKIAIOSFODNN7EXAMPL{number}",
            "SecretAccessKey": f"secret-{number}",
            "SessionToken": f"token-{number}",
            "Expiration": datetime.now(UTC) + timedelta(minutes=minutes),
        }
    }


def test_an_assumed_role_works_against_an_account(role: str, moto: str) -> None:
    make: Any = lab_session("eu-central-1", moto).client
    who = make("sts", endpoint_url=moto).get_caller_identity()
    assert who["Arn"] == "arn:aws:sts::123456789012:assumed-role/patterns-lab-site/labs-patterns.example"


def test_it_is_assumed_again_before_it_ends(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sts: Any = boto3.client("sts", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr("boto3.Session.client", lambda *_, **__: sts)
    with Stubber(sts) as stub:
        asked = {
            "RoleArn": ROLE,
            "RoleSessionName": "labs-patterns.example",
            "DurationSeconds": 3600,
            "ExternalId": "0123456789abcdef",
            "Tags": [{"Key": "serverless-patterns:site", "Value": "patterns.example"}],
        }
        stub.add_response("assume_role", answer(1, minutes=5), asked)  # about to end
        stub.add_response("assume_role", answer(2, minutes=60), asked)
        found = lab_session("eu-central-1").get_credentials()
        assert found is not None
        keys = [found.get_frozen_credentials().token for _ in range(3)]
        stub.assert_no_pending_responses()
    assert keys == ["token-1", "token-2", "token-2"]


def test_a_role_that_cannot_be_assumed_is_an_error_of_botocores(role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    sts: Any = boto3.client("sts", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr("boto3.Session.client", lambda *_, **__: sts)
    with Stubber(sts) as stub:
        stub.add_client_error("assume_role", "AccessDenied", "not you")
        found = lab_session("eu-central-1").get_credentials()
        assert found is not None
        with pytest.raises(CredentialRetrievalError, match="not you"):
            found.get_frozen_credentials()


def test_a_session_s_name_has_only_what_sts_takes(role: str, settings: Settings) -> None:
    settings.LABS_AWS_SITE = "patterns:8000/ä" + "x" * 100
    name = assume_arguments()["RoleSessionName"]
    assert name.startswith("labs-patterns-8000-")
    assert len(name) == 64
    settings.LABS_EXTERNAL_ID = ""
    assert "ExternalId" not in assume_arguments()
