"""What checks, maps and lights read of a template's relations; the kinds themselves are tested in `arrows/`."""

import gc

import pytest

from catalogue.patterns.cloudformation.arrows import proofs as module
from catalogue.patterns.cloudformation.arrows.proofs import proofs, relations
from tests.patterns.support.drafts import template

API = "  Api: {Type: AWS::ApiGateway::RestApi, Properties: {Name: api}}\n"
QUEUE = "  Queue: {Type: AWS::SQS::Queue, Properties: {}}\n"
TABLE = "  Table: {Type: AWS::DynamoDB::Table, Properties: {}}\n"
ROLE = "  Role: {Type: AWS::IAM::Role, Properties: {}}\n"
URI = "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Work.Arn}/invocations"
INVOKED = (
    "  May: {Type: AWS::Lambda::Permission, Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref Work, "
    "Principal: apigateway.amazonaws.com}}\n"
)


def found(text: str) -> set[tuple[str, str, str]]:
    return {(relation.kind, relation.source, relation.target) for relation in relations(template(text))}


def method(id: str, integration: str, more: str = "") -> str:
    return f"""
  {id}:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      HttpMethod: {id.upper()}
      Integration: {integration}
      {more}
"""


def function(policies: str = "", variable: str = "!Ref Table", kind: str = "AWS::Serverless::Function") -> str:
    code = "InlineCode: pass" if "Serverless" in kind else "Code: {ZipFile: pass}"
    return f"""
  Work:
    Type: {kind}
    Properties:
      Handler: index.handler
      Runtime: python3.13
      {code}
      Environment: {{Variables: {{TARGET: {variable}}}}}
      {policies}
"""


def statement(action: str = "dynamodb:PutItem", target: str = "!GetAtt Table.Arn", effect: str = "Allow") -> str:
    return f"{{Effect: {effect}, Action: {action}, Resource: {target}}}"


def policy(*statements: str) -> str:
    return f"{{Version: '2012-10-17', Statement: [{', '.join(statements)}]}}"


def attached(role: str) -> str:
    document = policy(statement())
    return f"  Pol: {{Type: AWS::IAM::Policy, Properties: {{Roles: [{role}], PolicyDocument: {document}}}}}\n"


def test_each_method_has_its_own_relation_to_the_same_function() -> None:
    invoke = f"{{Type: AWS_PROXY, Uri: !Sub '{URI}'}}"
    text = API + function() + INVOKED + method("Get", invoke) + method("Post", invoke)
    assert [(one.source, one.target, one.proof) for one in relations(template(text))] == [
        ("Api", "Work", "Get"),
        ("Api", "Work", "Post"),
    ]


def test_a_function_that_is_authorizer_and_backend_has_both_relations() -> None:
    authorizer = (
        "  Auth: {Type: AWS::ApiGateway::Authorizer, Properties: {Name: a, Type: REQUEST, RestApiId: !Ref Api, "
        f"AuthorizerUri: !Sub '{URI}'}}}}\n"
    )
    needs = "AuthorizationType: CUSTOM\n      AuthorizerId: !Ref Auth"
    text = API + function() + INVOKED + authorizer + method("Get", f"{{Type: AWS_PROXY, Uri: !Sub '{URI}'}}", needs)
    assert found(text) == {("integration", "Api", "Work"), ("authorizer", "Api", "Work")}


def test_the_role_of_an_integration_is_no_destination() -> None:
    role = ROLE.replace("{}", f"{{Policies: [{{PolicyDocument: {policy(statement('sqs:*', '!GetAtt Queue.Arn'))}}}]}}")
    uri = "arn:aws:apigateway:us-east-1:sqs:path/1/${Queue.QueueName}"
    integration = f"{{Type: AWS, Uri: !Sub '{uri}', Credentials: !GetAtt Role.Arn}}"
    assert found(API + QUEUE + role + method("Get", integration)) == {("integration", "Api", "Queue")}


def test_a_stage_without_a_cluster_is_no_cache() -> None:
    stage = "  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, StageName: prod}}\n"
    assert found(API + stage) == set()


def test_what_the_template_does_not_define_is_in_no_relation() -> None:
    assert found(QUEUE.replace("{}", "{RedrivePolicy: {deadLetterTargetArn: !GetAtt Other.Arn}}")) == set()


def test_what_every_account_has_is_not_among_the_relations_of_resources() -> None:
    rule = (
        "  Rule: {Type: AWS::Events::Rule, Properties: {EventPattern: {source: [a]}, "
        "Targets: [{Id: q, Arn: !GetAtt Queue.Arn}]}}\n"
        "  Policy: {Type: AWS::SQS::QueuePolicy, Properties: {Queues: [!Ref Queue], PolicyDocument: {Statement: "
        "[{Effect: Allow, Principal: {Service: events.amazonaws.com}, Action: 'sqs:SendMessage', Resource: '*'}]}}}\n"
    )
    one = template(QUEUE + rule)
    assert relations(one) == ()
    assert [arrow.source for arrow in proofs(one).arrows] == ["(default bus)"]


@pytest.mark.parametrize(
    "text",
    [
        TABLE + function(f"Policies: [{policy(statement())}]"),
        TABLE + function(f"Policies: {policy(statement())}"),
        TABLE + function(f"Policies: [Managed, {policy(statement('[s3:GetObject, dynamodb:Query]'))}]"),
        TABLE + function(f"Policies: [{policy(statement(target='[!Sub "${Table.Arn}/index/*"]'))}]"),
        TABLE + function(f"Policies: [{policy(statement())}]", variable="!Sub '${Table}'"),
        TABLE + function("Policies: [DynamoDBCrudPolicy: {TableName: !Ref Table}]"),
        TABLE
        + function("Role: !GetAtt Role.Arn", kind="AWS::Lambda::Function")
        + ROLE.replace("{}", f"{{Policies: [{{PolicyDocument: {policy(statement())}}}]}}"),
        TABLE + ROLE + function("Role: !GetAtt Role.Arn", kind="AWS::Lambda::Function") + attached("!Ref Role"),
    ],
)
def test_a_function_uses_what_it_is_given_the_name_of_and_allowed(text: str) -> None:
    assert found(text) == {("environment", "Work", "Table")}


@pytest.mark.parametrize(
    "text",
    [
        TABLE + function(),
        TABLE + function(f"Policies: [{policy(statement(effect='Deny'))}]"),
        TABLE + function(f"Policies: [{policy(statement(), statement(effect='Deny'))}]"),
        TABLE + function(f"Policies: [{policy(statement('sqs:SendMessage'))}]"),
        TABLE + function(f"Policies: [{policy(statement('dynamodb:DescribeTable'))}]"),
        TABLE + QUEUE + function(f"Policies: [{policy(statement(target='!GetAtt Queue.Arn'))}]"),
        TABLE + ROLE + function("Role: !GetAtt Role.Arn", kind="AWS::Lambda::Function") + attached("other"),
    ],
)
def test_a_variable_alone_is_no_use(text: str) -> None:
    assert found(text) == set()


def test_a_permission_without_a_variable_is_a_relation_of_its_own_kind() -> None:
    text = TABLE + function(f"Policies: [{policy(statement())}]", variable="orders")
    assert found(text) == {("policy", "Work", "Table")}


def test_the_actions_that_reach_the_resource_come_with_the_relation() -> None:
    text = TABLE + function(f"Policies: [{policy(statement('[dynamodb:PutItem, dynamodb:Get*, s3:GetObject]'))}]")
    assert proofs(template(text)).actions == {("Work", "Table"): {"putitem", "get*"}}


def test_a_template_that_sam_refuses_proves_nothing_and_has_the_reason() -> None:
    one = template(QUEUE + "  Work: {Type: AWS::Serverless::Function, Properties: {Events: {A: {Type: Nothing}}}}\n")
    assert relations(one) == ()
    assert "Work" in proofs(one).refused


def test_a_template_is_proven_once_and_forgotten_with_it() -> None:
    one = template(QUEUE)
    assert proofs(one) is proofs(one) is proofs(one.as_deployed)
    before = len(module._kept)
    del one
    gc.collect()
    assert len(module._kept) < before
