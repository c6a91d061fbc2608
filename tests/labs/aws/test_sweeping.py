"""Two sites share an account and a bucket: each deletes what it has left behind, and nothing of the other."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import boto3
import pytest
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.aws import site, sweeper
from catalogue.labs.lifecycle.cleanup import leftovers
from catalogue.labs.models import Lab
from catalogue.labs.targets.aws import AwsTarget
from tests.labs.aws.conftest import REGION, Client

BUCKET = "shared-artifacts"
SITES = ("one.example", "two.example")


@pytest.fixture
def target(moto: str, settings: Settings) -> AwsTarget:
    settings.LABS_BUCKET = BUCKET
    session = boto3.Session(region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
    return AwsTarget(REGION, session, endpoint_url=moto)


@pytest.fixture(autouse=True)
def everything_is_old(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leftovers, "YOUNG", timedelta(0))


def lab(number: int, created_ago: timedelta = timedelta()) -> Lab:
    """A row that is in no database: that of a lab whose stack is made below."""
    stack = f"{site.site_prefix()}{number:010}"
    return Lab(pattern="claim-check", stack=stack, created_at=timezone.now() - created_ago)


def make_stack(client: Client, made: Lab) -> str:
    body = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    client("cloudformation").create_stack(
        StackName=made.stack, TemplateBody=json.dumps(body), Tags=site.stack_tags(made)
    )
    client("logs").create_log_group(logGroupName=f"/aws/lambda/{made.stack}-Worker-1")
    return made.stack


def stacks(client: Client) -> set[str]:
    return {stack["StackName"] for stack in client("cloudformation").describe_stacks()["Stacks"]}


def log_groups(client: Client) -> set[str]:
    return {
        group["logGroupName"].removeprefix("/aws/lambda/")
        for group in client("logs").describe_log_groups()["logGroups"]
    }


def test_each_site_deletes_its_own_stacks_log_groups_and_code(
    client: Client, target: AwsTarget, settings: Settings
) -> None:
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    made: dict[str, list[str]] = {}
    for name in SITES:
        settings.LABS_AWS_SITE = name
        made[name] = [make_stack(client, lab(number)) for number in range(2)]
        for key in ("wanted", "left"):
            s3.put_object(Bucket=BUCKET, Key=f"{target.artifact_prefix}code/{key}.zip", Body=b"")
    settings.LABS_AWS_SITE = SITES[0]
    live = {made[SITES[0]][0]}
    assert leftovers.delete_stacks(target, live) == [made[SITES[0]][1]]
    gone = made[SITES[0]][1]
    assert leftovers.delete_log_groups(target, live) == [f"/aws/lambda/{gone}-Worker-1"]
    assert leftovers.delete_artifacts(target, {"code/wanted.zip"}) == 1
    assert stacks(client) == live | set(made[SITES[1]])
    assert {group.removesuffix("-Worker-1") for group in log_groups(client)} == live | set(made[SITES[1]])
    keys = {item["Key"] for item in s3.list_objects_v2(Bucket=BUCKET)["Contents"]}
    settings.LABS_AWS_SITE = SITES[1]
    assert {f"{target.artifact_prefix}code/{key}.zip" for key in ("wanted", "left")} <= keys
    assert len(keys) == 3


def test_a_log_group_that_a_running_function_made_again_is_deleted(
    client: Client, target: AwsTarget, settings: Settings
) -> None:
    for name in SITES:
        settings.LABS_AWS_SITE = name
        client("logs").create_log_group(logGroupName=f"/aws/lambda/{site.site_prefix()}0000000009-Worker-1")
    client("logs").create_log_group(logGroupName="/aws/lambda/payroll")
    assert len(leftovers.delete_log_groups(target, set())) == 1
    assert len(log_groups(client)) == 2


@pytest.mark.parametrize("name", ["patterns-lab-0123456789", "payroll"])
def test_a_stack_with_the_site_s_tag_and_another_name_stays(client: Client, target: AwsTarget, name: str) -> None:
    make_stack(client, Lab(pattern="claim-check", stack=name))
    assert leftovers.delete_stacks(target, set()) == []


def test_a_stack_with_the_site_s_prefix_and_no_tag_stays(client: Client, target: AwsTarget) -> None:
    body = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'
    client("cloudformation").create_stack(StackName=f"{site.site_prefix()}1", TemplateBody=body)
    assert leftovers.delete_stacks(target, set()) == []


def test_a_young_stack_may_be_that_of_a_lab_that_is_just_being_made(
    client: Client, target: AwsTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "YOUNG", timedelta(minutes=2))
    make_stack(client, lab(1))
    assert leftovers.delete_stacks(target, set()) == []


def make_orphans(client: Client, made: Lab) -> None:
    """What its stack has left: it is not there."""
    tags = {tag["Key"]: tag["Value"] for tag in site.stack_tags(made)}
    client("sqs").create_queue(QueueName=f"{made.stack}-Q", tags=tags)
    client("sns").create_topic(Name=f"{made.stack}-T", Tags=site.stack_tags(made))
    client("secretsmanager").create_secret(Name=f"Key-{made.stack[-4:]}", SecretString="x", Tags=site.stack_tags(made))
    client("dynamodb").create_table(
        TableName=f"{made.stack}-Table",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=site.stack_tags(made),
    )


def kinds(deleted: list[str]) -> set[str]:
    return {arn.split(":")[2] for arn in deleted}


def test_resources_that_outlived_their_stack_and_their_lab_are_deleted(client: Client, settings: Settings) -> None:
    long_ago = timedelta(seconds=2 * settings.LABS_LIFETIME_SECONDS) + timedelta(hours=1)
    for name in SITES:
        settings.LABS_AWS_SITE = name
        make_orphans(client, lab(ord(name[0]), long_ago))
    deleted = sweeper.delete_orphans(client, set())
    assert kinds(deleted) == {"sqs", "sns", "secretsmanager", "dynamodb"}
    assert all(site.site_prefix() in arn or "secret" in arn for arn in deleted)
    assert len(client("sqs").list_queues()["QueueUrls"]) == 1  # the other site's
    assert sweeper.delete_orphans(client, set()) == []


def test_what_could_still_be_in_use_stays(client: Client, settings: Settings) -> None:
    long_ago = timedelta(seconds=2 * settings.LABS_LIFETIME_SECONDS) + timedelta(hours=1)
    young, wanted, standing = lab(1), lab(2, long_ago), lab(3, long_ago)
    for one in (young, wanted, standing):
        make_orphans(client, one)
    make_stack(client, standing)
    assert sweeper.delete_orphans(client, {wanted.stack}) == []


def make_role(client: Client, name: str, tags: Any) -> None:
    trust = {"Version": "2012-10-17", "Statement": []}
    iam = client("iam")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust), Tags=tags)
    document = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": "*", "Resource": "*"}]}
    iam.put_role_policy(RoleName=name, PolicyName="lever-deny-x", PolicyDocument=json.dumps(document))


def test_orphaned_roles_are_found_by_name_and_tag_and_deleted_with_their_policies(
    client: Client, settings: Settings
) -> None:
    long_ago = timedelta(seconds=2 * settings.LABS_LIFETIME_SECONDS) + timedelta(hours=1)
    over, young = lab(1, long_ago), lab(2)
    make_role(client, f"{over.stack}-Role-1", site.stack_tags(over))
    make_role(client, f"{young.stack}-Role-1", site.stack_tags(young))
    make_role(client, f"{site.site_prefix()}untagged", [])
    make_role(client, "payroll", site.stack_tags(over))
    assert sweeper.delete_roles(client, set()) == [f"{over.stack}-Role-1"]
    assert sweeper.delete_roles(client, set()) == []
    assert len(client("iam").list_roles()["Roles"]) == 3


def test_a_site_is_identified_by_its_setting_or_its_host(settings: Settings) -> None:
    settings.LABS_AWS_SITE, settings.SITE_URL = "", "https://patterns.example:8443/x"
    assert site.site_id() == "patterns.example:8443"
    settings.LABS_AWS_SITE = "mine"
    assert site.site_id() == "mine"
    assert site.site_prefix() != f"{settings.LABS_STACK_PREFIX}-"


def test_a_stack_s_tags_say_whose_it_is_and_until_when_and_keep_the_lab_s_id_secret(settings: Settings) -> None:
    created = timezone.now()
    one = Lab(pattern="claim-check", variant="naive", stack="patterns-lab-1-2", created_at=created)
    tags = {tag["Key"]: tag["Value"] for tag in site.stack_tags(one, "0123")}
    assert tags["serverless-patterns:pattern"] == "claim-check"
    assert tags["serverless-patterns:instance"] == "0123"
    assert tags["serverless-patterns:expires"] == site.latest_end(one).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert one.pk not in str(tags)
    host = Lab(
        pattern="claim-check", stack="x", shared=True, expires_at=created + timedelta(days=1), created_at=created
    )
    assert site.latest_end(host) > created + timedelta(days=1)
