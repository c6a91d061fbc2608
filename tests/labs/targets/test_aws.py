"""The AWS target: its requests against botocore's own models, its rules, and the whole life of a lab by its code."""

import boto3
import pytest
from botocore.stub import Stubber
from pytest_django import Settings

from catalogue.labs.demos.operations import Stack, perform
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import read_stack, resources_of
from catalogue.labs.services.lambda_.permissions import role_of
from catalogue.labs.targets.aws import AwsTarget
from catalogue.labs.targets.base import TargetDown
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Operation
from tests.labs.aws.on_emulator import AwsOnEmulator


def target(region: str = "eu-central-1") -> AwsTarget:
    session = boto3.Session(region_name=region, aws_access_key_id="a", aws_secret_access_key="b")
    return AwsTarget(region, session)


def test_a_bucket_is_made_private_and_forgets_after_a_day(settings: Settings) -> None:
    settings.LABS_BUCKET = ""
    aws = target()
    name = "patterns-lab-123456789012-eu-central-1"
    with Stubber(aws.client("sts")) as sts, Stubber(aws.client("s3")) as s3:
        sts.add_response("get_caller_identity", {"Account": "123456789012"})
        s3.add_response(
            "create_bucket",
            {},
            {"Bucket": name, "CreateBucketConfiguration": {"LocationConstraint": "eu-central-1"}},
        )
        blocked = dict.fromkeys(
            ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets"), True
        )
        s3.add_response("put_public_access_block", {}, {"Bucket": name, "PublicAccessBlockConfiguration": blocked})
        s3.add_response("put_bucket_lifecycle_configuration", {})
        assert aws.bucket() == name
        assert aws.bucket() == name
        s3.assert_no_pending_responses()


def test_a_bucket_of_ones_own_is_taken_as_it_is(settings: Settings) -> None:
    settings.LABS_BUCKET = ""
    aws = target("us-east-1")
    with Stubber(aws.client("sts")) as sts, Stubber(aws.client("s3")) as s3:
        sts.add_response("get_caller_identity", {"Account": "123456789012"})
        s3.add_client_error("create_bucket", "BucketAlreadyOwnedByYou", http_status_code=409)
        assert aws.bucket() == "patterns-lab-123456789012-us-east-1"
    settings.LABS_BUCKET = "given"
    assert target().bucket() == "given"


def test_missing_rights_are_reported(settings: Settings) -> None:
    settings.LABS_BUCKET = ""
    aws = target()
    with Stubber(aws.client("sts")) as sts:
        sts.add_client_error("get_caller_identity", "AccessDenied", "not you")
        with pytest.raises(TargetDown, match="not you"):
            aws.bucket()


def test_the_service_role_is_used_where_there_is_one(settings: Settings) -> None:
    assert target().stack_options() == {}
    settings.LABS_ROLE_ARN = "arn:aws:iam::123456789012:role/cfn"
    assert target().stack_options() == {"RoleARN": "arn:aws:iam::123456789012:role/cfn"}


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://abc123.execute-api.eu-central-1.amazonaws.com/live",
        "https://evil.example/live",
        "https://a.execute-api.x.amazonaws.com.evil.example/live",
    ],
)
def test_only_a_stage_of_api_gateway_may_be_called(endpoint: str) -> None:
    with pytest.raises(ValueError, match="not an address that a lab can call"):
        target().upstream(endpoint)
    good = "https://abc123.execute-api.eu-central-1.amazonaws.com/live"
    assert target().upstream(good + "/") == good


@pytest.mark.django_db(transaction=True)
def test_a_labs_whole_life_takes_nothing_but_the_services_own_api(
    emulator: Emulator, postbox: Pattern, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LABS_BUCKET = ""
    aws = AwsOnEmulator(emulator.url)
    settings.LABS_TARGET = "aws"
    monkeypatch.setattr("catalogue.labs.targets.aws.aws_target", lambda: aws)
    created = services.create_lab(postbox, "somebody")
    lab = services.wait_until_deployed(created.lab, 60)
    assert (lab.status, lab.emulator, lab.boot_id) == ("ready", "aws", "aws")
    assert lab.upstream.endswith(f"/{lab.resources['Api'][1]}/live")
    denial = Operation(action="revoke-permission", resource="Web", to="Letters", name="sqs:SendMessage")
    stack = Stack(aws, resources_of(lab))
    perform(stack, denial)
    role = role_of(stack, "Web")
    aws.before_delete(stack.resources)
    assert not [name for name in aws.client("iam").list_role_policies(RoleName=role)["PolicyNames"] if "deny" in name]
    perform(stack, denial)
    assert services.delete_lab(lab)
    with pytest.raises(aws.client("iam").exceptions.NoSuchEntityException):
        aws.client("iam").get_role(RoleName=role)
    assert read_stack(aws.client("cloudformation"), lab.stack) is None
