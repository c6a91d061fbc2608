"""infra/sandbox.yaml: clean by CloudFormation's linter, enough for what the labs do, and no more than that."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from cfnlint import decode
from cfnlint.api import lint

from catalogue.labs.aws.boundary import adapted, made_types, translated
from catalogue.labs.lifecycle.packaging import zips as packaging
from catalogue.patterns.content.pattern import load_pattern
from tests.labs.targets.infra import client_calls
from tests.labs.targets.infra.iam import ACCOUNT, BOUNDARY, PREFIX, REGION, STACK_ROLE, Statements, allowed, resolved

ROOT = Path(__file__).resolve().parents[4]
FILE = ROOT / "infra/sandbox.yaml"
VARIANTS = {"pattern": "template.yaml", "naive": "naive.yaml"}
TEMPLATES = [
    (folder.name, variant)
    for folder in sorted((ROOT / "patterns_content").iterdir())
    for variant, file in VARIANTS.items()
    if (folder / file).exists()
]
STACK = f"{PREFIX}-1a2b3c4d-0123456789ab"
SITE = {"aws:RequestTag/serverless-patterns:site": "x", "aws:ResourceTag/serverless-patterns:site": "x"}

RESOURCES = {
    "apigateway": f"arn:aws:apigateway:{REGION}::/restapis/abc/deployments",
    "budgets": f"arn:aws:budgets::{ACCOUNT}:budget/{PREFIX}",
    "cloudformation": f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/{STACK}/0-1",
    "cloudwatch": "*",
    "dynamodb": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{STACK}-Table-1",
    "execute-api": f"arn:aws:execute-api:{REGION}:{ACCOUNT}:abc/live/POST/@connections/1",
    "events": f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{STACK}-Rule-1",
    "iam": f"arn:aws:iam::{ACCOUNT}:role/{STACK}-Role-1",
    "lambda": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{STACK}-F-1",
    "logs": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/lambda/{STACK}-F-1",
    "s3": f"arn:aws:s3:::{PREFIX}-{ACCOUNT}-{REGION}/x/code/1.zip",
    "secretsmanager": f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:SigningKey-1a2b",
    "sns": f"arn:aws:sns:{REGION}:{ACCOUNT}:{STACK}-Topic-1",
    "sqs": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{STACK}-Queue-1",
    "states": f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:{STACK}-trip",
    "tag": "*",
}
"""One of a lab's own for each service; of S3, the code that a lab is deployed from."""
BUCKET = f"arn:aws:s3:::{PREFIX}-1a2b3c-0123456789ab-bucket-1"
EXECUTION = f"arn:aws:states:{REGION}:{ACCOUNT}:execution:{STACK}-trip:1-2"
OTHERS = {service: arn.replace(PREFIX, "payroll") for service, arn in RESOURCES.items() if PREFIX in arn}
CONTEXT = {
    **SITE,
    "cloudformation:RoleArn": STACK_ROLE,
    "iam:PermissionsBoundary": BOUNDARY,
    "iam:PolicyARN": "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole",
    "lambda:FunctionArn": RESOURCES["lambda"],
    "iam:PassedToService": "lambda.amazonaws.com",
}

NOT_FOR_LABS = {"kms", "ec2", "elasticfilesystem", "kinesis", "s3files", "s3tables", "firehose"}
"""Services whose permissions the registry lists for features that labs do not have, such as networks and own keys."""
OPTIONAL = {
    "apigateway:TagResource",  # no action of IAM: tags are put with apigateway:POST and PUT on /tags/
    "dynamodb:AssociateTableReplica",  # global tables
    "dynamodb:BatchWriteItem",
    "dynamodb:CreateTableReplica",
    "dynamodb:DeleteItem",
    "dynamodb:DescribeImport",  # imports from S3
    "dynamodb:DisableKinesisStreamingDestination",
    "dynamodb:EnableKinesisStreamingDestination",
    "dynamodb:GetItem",
    "dynamodb:ImportTable",
    "dynamodb:PutItem",
    "dynamodb:PutResourcePolicy",
    "dynamodb:Query",
    "dynamodb:Scan",
    "dynamodb:UpdateContinuousBackups",
    "iam:DeleteGroupPolicy",  # a lab's policies are for its roles alone
    "iam:DeleteUserPolicy",
    "iam:GetGroupPolicy",
    "iam:GetUserPolicy",
    "iam:PutGroupPolicy",
    "iam:PutUserPolicy",
    "dynamodb:UpdateContributorInsights",
    "dynamodb:UpdateItem",
    "dynamodb:UpdateTable",
    "iam:CreateServiceLinkedRole",
    "lambda:AssociateRuntimeAlias",
    "lambda:GetCodeSigningConfig",
    "lambda:GetLayerVersion",  # layers
    "lambda:PassCapacityProvider",
    "lambda:PutFunctionScalingConfig",
    "logs:CreateLogDelivery",
    "logs:CreateLogStream",
    "logs:DeleteDataProtectionPolicy",
    "logs:DescribeLogStreams",
    "logs:PutBearerTokenAuthentication",
    "logs:PutDataProtectionPolicy",
    "logs:PutIndexPolicy",
    "logs:PutLogEvents",
    "logs:PutResourcePolicy",
    "s3:CreateBucketMetadataTableConfiguration",
    "s3:DeleteObject",  # the labs empty their buckets before CloudFormation deletes them
    "s3:GetObjectMetadata",
    "s3:ListBucket",
    "s3:PutObjectAcl",
    "s3:REST.PUT.OBJECT",
    "s3:UpdateMetadataTableConfiguration",
    "secretsmanager:RemoveRegionsFromReplication",
    "secretsmanager:ReplicateSecretToRegions",
    "sns:PutDataProtectionPolicy",
}
"""Listed by the registry for properties that no template of a lab has."""


@pytest.fixture(scope="module")
def resources() -> dict[str, Any]:
    template, problems = decode.decode(str(FILE))
    assert template is not None, problems
    found: dict[str, Any] = template["Resources"]
    return found


def statements(resources: Mapping[str, Any], *logical: str) -> Statements:
    """Of managed policies and of roles' inline policies."""
    found: Statements = []
    for one in logical:
        properties = resources[one]["Properties"]
        inline = [policy["PolicyDocument"] for policy in properties.get("Policies", ())]
        documents = inline or [properties["PolicyDocument"]]
        found += [resolved(statement) for document in documents for statement in document["Statement"]]
    return found


@pytest.fixture(scope="module")
def boundary(resources: dict[str, Any]) -> Statements:
    return statements(resources, "Boundary")


@pytest.fixture(scope="module")
def stack_role(resources: dict[str, Any]) -> Statements:
    return statements(resources, "StackRole")


@pytest.fixture(scope="module")
def site(resources: dict[str, Any]) -> Statements:
    return statements(resources, "SitePolicy", "SiteSweeping")


def resource_of(action: str) -> str:
    if action == "s3:DeleteBucket":
        return BUCKET
    if action == "s3:ListBucket":
        return RESOURCES["s3"].partition("/")[0]
    if action == "states:DescribeExecution":
        return EXECUTION
    return RESOURCES[action.partition(":")[0]]


def test_the_linter_finds_nothing() -> None:
    assert [str(match) for match in lint(FILE.read_text())] == []


def test_every_managed_policy_fits_into_aws_limit(resources: dict[str, Any]) -> None:
    """6,144 characters without white space: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html"""
    for logical, resource in resources.items():
        if resource["Type"] == "AWS::IAM::ManagedPolicy":
            text = "".join(str(resolved(resource["Properties"]["PolicyDocument"])).split())
            assert len(text) < 6144, logical
        if resource["Type"] == "AWS::IAM::Role":
            text = "".join(str(resolved(resource["Properties"].get("Policies", []))).split())
            assert len(text) < 10_240, logical


@pytest.mark.parametrize("action", sorted(client_calls.actions()))
def test_what_the_sites_code_calls_it_may_do_with_labs_and_with_nothing_else(site: Statements, action: str) -> None:
    service = action.partition(":")[0]
    everywhere = "*" if service != "apigateway" else resource_of(action)
    assert allowed(site, action, resource_of(action), CONTEXT) or allowed(site, action, everywhere, CONTEXT)
    if service in OTHERS and not allowed(site, action, "*", CONTEXT):
        other = OTHERS["s3"].partition("/")[0] if action == "s3:ListBucket" else OTHERS[service]
        assert not allowed(site, action, other, CONTEXT | {"lambda:FunctionArn": OTHERS["lambda"]})


def test_the_site_may_do_little_that_its_code_does_not_call(site: Statements) -> None:
    granted = {
        action
        for statement in site
        if statement["Effect"] == "Allow"
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    beside = {
        "cloudformation:CreateChangeSet",  # SAM's transform
        "cloudformation:TagResource",
        "iam:PassRole",  # to CloudFormation
    }
    assert granted - client_calls.actions() == beside


@pytest.mark.parametrize("type", sorted(made_types()))
def test_cloudformation_may_make_and_delete_every_type_that_a_lab_may_have(stack_role: Statements, type: str) -> None:
    """By the permissions that CloudFormation's registry lists for the type's create, read and delete handlers."""
    from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, type).schema["handlers"]
    needed = {one for kind in ("create", "read", "delete") for one in handlers.get(kind, {}).get("permissions", ())}
    needed = {one for one in needed if one.partition(":")[0] not in NOT_FOR_LABS} - OPTIONAL
    assert needed
    mapping = f"arn:aws:lambda:{REGION}:{ACCOUNT}:event-source-mapping:1-2"
    alarm = f"arn:aws:cloudwatch:{REGION}:{ACCOUNT}:alarm:{STACK}-Alarm-1"
    missing = {
        one
        for one in needed
        if not any(allowed(stack_role, one, arn, CONTEXT) for arn in (resource_of(one), mapping, alarm, BUCKET, "*"))
    }
    assert not missing


@pytest.mark.parametrize(("slug", "variant"), TEMPLATES)
def test_every_pattern_is_of_these_types_and_its_functions_stay_within_the_boundary(
    boundary: Statements, slug: str, variant: packaging.Variant
) -> None:
    pattern = load_pattern(ROOT / "patterns_content" / slug)
    template = adapted(packaging.package(pattern, variant).for_bucket("bucket"), BOUNDARY, REGION)
    made = translated(template, REGION)["Resources"]
    assert {resource["Type"] for resource in made.values()} <= made_types()
    for action in _granted(made):
        own = BUCKET if action.startswith("s3:") else resource_of(action)
        assert allowed(boundary, action, own, CONTEXT), action


def _granted(resources: Mapping[str, Any]) -> set[str]:
    found = {"logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"}  # AWSLambdaBasicExecutionRole
    for resource in resources.values():
        if resource["Type"] == "AWS::IAM::Role":
            assert resource["Properties"]["PermissionsBoundary"] == BOUNDARY
        policies = resource["Properties"].get("Policies", ()) if resource["Type"] == "AWS::IAM::Role" else ()
        for policy in [resource["Properties"]] if resource["Type"] == "AWS::IAM::Policy" else policies:
            statements = policy["PolicyDocument"]["Statement"]
            for statement in [statements] if isinstance(statements, dict) else statements:
                actions = statement["Action"]
                found.update([actions] if isinstance(actions, str) else actions)
    return found


@pytest.mark.parametrize(
    "action",
    [
        "iam:CreateUser",
        "iam:CreateAccessKey",
        "iam:CreateRole",
        "iam:PutRolePolicy",
        "iam:PassRole",
        "iam:DeleteRolePermissionsBoundary",
        "sts:AssumeRole",
        "cloudformation:CreateStack",
        "lambda:UpdateFunctionCode",
        "lambda:CreateFunction",
        "s3:GetObject",
        "ec2:RunInstances",
    ],
)
def test_no_function_of_a_lab_can_give_itself_more(boundary: Statements, action: str) -> None:
    for resource in (*RESOURCES.values(), STACK_ROLE, "*"):
        assert not allowed(boundary, action, resource, CONTEXT)


@pytest.mark.parametrize("service", ["sqs", "sns", "dynamodb", "lambda", "states"])
def test_no_function_of_a_lab_reaches_what_is_not_a_labs(boundary: Statements, service: str) -> None:
    actions = {
        "sqs": "SendMessage",
        "sns": "Publish",
        "dynamodb": "PutItem",
        "lambda": "InvokeFunction",
        "states": "StartExecution",
    }
    action = f"{service}:{actions[service]}"
    assert allowed(boundary, action, RESOURCES[service])
    assert not allowed(boundary, action, OTHERS[service])


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:PutObject", "s3:DeleteObject"])
def test_the_functions_of_a_lab_reach_its_buckets_and_not_the_bucket_of_the_code(
    boundary: Statements, action: str
) -> None:
    assert allowed(boundary, action, f"{BUCKET}/exports/1.jsonl")
    assert not allowed(boundary, action, RESOURCES["s3"])
    assert not allowed(boundary, action, f"{BUCKET}/exports/1.jsonl".replace(PREFIX, "payroll"))


def test_cloudformation_and_the_site_delete_the_buckets_of_labs_and_not_the_bucket_of_the_code(
    stack_role: Statements, site: Statements
) -> None:
    code = RESOURCES["s3"].partition("/")[0]
    for statements_of in (stack_role, site):
        assert allowed(statements_of, "s3:DeleteBucket", BUCKET)
        assert not allowed(statements_of, "s3:DeleteBucket", code)
        assert not allowed(statements_of, "s3:PutBucketPolicy", code)


def test_cloudformation_gives_a_labs_roles_to_functions_apis_and_state_machines_alone(stack_role: Statements) -> None:
    for service in ("lambda", "apigateway", "states"):
        passed = CONTEXT | {"iam:PassedToService": f"{service}.amazonaws.com"}
        assert allowed(stack_role, "iam:PassRole", RESOURCES["iam"], passed)
        assert not allowed(stack_role, "iam:PassRole", OTHERS["iam"], passed)
    for service in ("ec2", "ecs-tasks", "cloudformation"):
        passed = CONTEXT | {"iam:PassedToService": f"{service}.amazonaws.com"}
        assert not allowed(stack_role, "iam:PassRole", RESOURCES["iam"], passed)


def test_executions_are_a_labs_by_the_name_of_their_state_machine(boundary: Statements, site: Statements) -> None:
    for statements_of in (boundary, site):
        assert allowed(statements_of, "states:DescribeExecution", EXECUTION)
        assert not allowed(statements_of, "states:DescribeExecution", EXECUTION.replace(PREFIX, "payroll"))
        assert not allowed(statements_of, "states:StopExecution", EXECUTION)


def test_secrets_are_a_labs_by_their_tag(boundary: Statements) -> None:
    assert allowed(boundary, "secretsmanager:GetSecretValue", RESOURCES["secretsmanager"], SITE)
    assert not allowed(boundary, "secretsmanager:GetSecretValue", RESOURCES["secretsmanager"])


@pytest.mark.parametrize(
    "action", ["iam:CreateRole", "iam:PutRolePolicy", "iam:AttachRolePolicy", "iam:PutRolePermissionsBoundary"]
)
def test_cloudformation_makes_no_role_without_the_boundary(stack_role: Statements, action: str) -> None:
    assert allowed(stack_role, action, RESOURCES["iam"], CONTEXT)
    for other in (None, "arn:aws:iam::aws:policy/AdministratorAccess", BOUNDARY + "x"):
        assert not allowed(stack_role, action, RESOURCES["iam"], CONTEXT | {"iam:PermissionsBoundary": other})
    assert not allowed(stack_role, action, OTHERS["iam"], CONTEXT)


@pytest.mark.parametrize("role", ["cloudformation", "site", "budget", "gateway-logs"])
@pytest.mark.parametrize(
    "action", ["iam:PutRolePolicy", "iam:DeleteRole", "iam:DeleteRolePolicy", "iam:DetachRolePolicy"]
)
def test_no_one_changes_the_sandbox_s_own_roles(
    stack_role: Statements, site: Statements, role: str, action: str
) -> None:
    arn = f"arn:aws:iam::{ACCOUNT}:role/{PREFIX}-{role}"
    assert not allowed(stack_role, action, arn, CONTEXT)
    assert not allowed(site, action, arn, CONTEXT)


@pytest.mark.parametrize(
    "action",
    [
        "iam:DeleteRolePermissionsBoundary",
        "iam:UpdateAssumeRolePolicy",
        "iam:CreateUser",
        "iam:CreateAccessKey",
        "iam:CreatePolicyVersion",
        "iam:CreateLoginProfile",
        "sts:AssumeRole",
        "organizations:LeaveOrganization",
    ],
)
def test_no_one_climbs(stack_role: Statements, site: Statements, action: str) -> None:
    for resource in (RESOURCES["iam"], BOUNDARY, STACK_ROLE, "*"):
        assert not allowed(stack_role, action, resource, CONTEXT)
        assert not allowed(site, action, resource, CONTEXT)


def test_the_site_makes_stacks_by_cloudformations_role_alone_and_with_its_tag(site: Statements) -> None:
    create, arn = "cloudformation:CreateStack", RESOURCES["cloudformation"]
    assert allowed(site, create, arn, CONTEXT)
    assert not allowed(site, create, arn, CONTEXT | {"cloudformation:RoleArn": None})
    assert not allowed(site, create, arn, CONTEXT | {"aws:RequestTag/serverless-patterns:site": None})
    assert not allowed(site, create, OTHERS["cloudformation"], CONTEXT)


def test_a_spent_budget_takes_the_right_to_make_stacks(resources: dict[str, Any], site: Statements) -> None:
    stopped = site + statements(resources, "NoNewLabs")
    assert not allowed(stopped, "cloudformation:CreateStack", RESOURCES["cloudformation"], CONTEXT)
    assert allowed(stopped, "cloudformation:DeleteStack", RESOURCES["cloudformation"], CONTEXT)
    action = resources["StopNewLabs"]["Properties"]
    assert (action["NotificationType"], action["ActionThreshold"]) == ("ACTUAL", {"Type": "PERCENTAGE", "Value": 100})


def test_the_site_s_role_is_assumed_by_the_site_alone(resources: dict[str, Any]) -> None:
    trust = resolved(resources["SiteRole"]["Properties"]["AssumeRolePolicyDocument"])["Statement"]
    assume = next(one for one in trust if one["Action"] == "sts:AssumeRole")
    assert assume["Condition"] == {"StringEquals": {"sts:ExternalId": "0123456789abcdef"}}
    assert all("*" not in str(one["Principal"]) for one in trust)


def test_the_bucket_is_encrypted_private_and_forgets(resources: dict[str, Any]) -> None:
    bucket = resources["Artifacts"]["Properties"]
    assert all(bucket["PublicAccessBlockConfiguration"].values())
    assert len(bucket["PublicAccessBlockConfiguration"]) == 4
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    assert bucket["LifecycleConfiguration"]["Rules"][0]["ExpirationInDays"] <= 7
    assert resources["ArtifactsPolicy"]["Properties"]["PolicyDocument"]["Statement"][0]["Effect"] == "Deny"


def test_the_outputs_are_settings_that_the_site_reads() -> None:
    text = FILE.read_text()
    names = [line.split()[1] for line in text.splitlines() if line.strip().startswith("Description: LABS_")]
    names += [line.split()[1] for line in text.splitlines() if line.strip().startswith("Description: AWS_")]
    settings = (ROOT / "catalogue/settings.py").read_text()
    assert len(names) >= 7
    assert [name for name in names if f'"{name.rstrip(".")}"' not in settings] == []
