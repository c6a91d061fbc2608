import pytest

from catalogue.patterns.relations import relations
from tests.patterns.drafts import template

API = "  Api: {Type: AWS::ApiGateway::RestApi, Properties: {}}\n"
QUEUE = "  Queue: {Type: AWS::SQS::Queue, Properties: {}}\n"
TABLE = "  Table: {Type: AWS::DynamoDB::Table, Properties: {}}\n"
TOPIC = "  Topic: {Type: AWS::SNS::Topic, Properties: {}}\n"
BUS = "  Bus: {Type: AWS::Events::EventBus, Properties: {Name: b}}\n"
FUNCTION = "  Work: {Type: AWS::Serverless::Function, Properties: {}}\n"
ROLE = "  Role: {Type: AWS::IAM::Role, Properties: {}}\n"


def found(text: str) -> set[tuple[str, str, str]]:
    return {(relation.kind, relation.source, relation.target) for relation in relations(template(text))}


def method(integration: str) -> str:
    return f"""
  Get:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      HttpMethod: GET
      Integration:
        {integration}
"""


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        (
            API + FUNCTION + method("Uri: !Sub arn:aws:apigateway:x:lambda:path/y/${Work.Arn}/invocations"),
            ("integration", "Api", "Work"),
        ),
        (
            API + QUEUE + method("Uri: !Sub arn:aws:apigateway:x:sqs:path/1/${Queue.QueueName}"),
            ("integration", "Api", "Queue"),
        ),
        (
            API + TABLE + method('RequestTemplates: {application/json: !Sub \'{"TableName": "${Table}"}\'}'),
            ("integration", "Api", "Table"),
        ),
        (
            API
            + FUNCTION
            + "  Auth: {Type: AWS::ApiGateway::Authorizer, Properties: {RestApiId: !Ref Api, "
            + "AuthorizerUri: !Sub 'x/${Work.Arn}/invocations'}}\n",
            ("authorizer", "Api", "Work"),
        ),
        (
            API
            + "  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api, "
            + "CacheClusterEnabled: true}}\n",
            ("cache", "Api", "Stage"),
        ),
        (
            QUEUE
            + FUNCTION
            + "  Map: {Type: AWS::Lambda::EventSourceMapping, Properties: {EventSourceArn: "
            + "!GetAtt Queue.Arn, FunctionName: !Ref Work}}\n",
            ("event-source", "Queue", "Work"),
        ),
        (
            TOPIC
            + QUEUE
            + "  Sub: {Type: AWS::SNS::Subscription, Properties: {TopicArn: !Ref Topic, "
            + "Endpoint: !GetAtt Queue.Arn}}\n",
            ("subscription", "Topic", "Queue"),
        ),
        (
            QUEUE
            + "  Topic: {Type: AWS::SNS::Topic, Properties: {Subscription: [{Protocol: sqs, "
            + "Endpoint: !GetAtt Queue.Arn}]}}\n",
            ("subscription", "Topic", "Queue"),
        ),
        (
            BUS
            + QUEUE
            + "  Rule: {Type: AWS::Events::Rule, Properties: {EventBusName: !Ref Bus, "
            + "Targets: [{Id: q, Arn: !GetAtt Queue.Arn}]}}\n",
            ("rule", "Bus", "Queue"),
        ),
        (
            QUEUE
            + "  Main: {Type: AWS::SQS::Queue, Properties: {RedrivePolicy: {deadLetterTargetArn: "
            + "!GetAtt Queue.Arn, maxReceiveCount: 3}}}\n",
            ("redrive", "Main", "Queue"),
        ),
    ],
)
def test_a_relation_is_read_from_the_template(text: str, relation: tuple[str, str, str]) -> None:
    assert found(text) == {relation}


def test_the_role_of_an_integration_is_no_destination() -> None:
    text = API + QUEUE + ROLE + method("Uri: !Sub 'x/${Queue.Arn}'\n        Credentials: !GetAtt Role.Arn")
    assert found(text) == {("integration", "Api", "Queue")}


def test_a_stage_without_a_cluster_is_no_cache() -> None:
    stage = "  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Api}}\n"
    assert found(API + stage) == set()


def test_what_the_template_does_not_define_is_in_no_relation() -> None:
    assert found(QUEUE.replace("{}", "{RedrivePolicy: {deadLetterTargetArn: !GetAtt Other.Arn}}")) == set()


def function(policies: str, variable: str = "!Ref Table", kind: str = "AWS::Serverless::Function") -> str:
    return f"""
  Work:
    Type: {kind}
    Properties:
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


USES = {("environment", "Work", "Table")}


@pytest.mark.parametrize(
    "text",
    [
        TABLE + function(f"Policies: [{policy(statement())}]"),
        TABLE + function(f"Policies: {policy(statement())}"),
        TABLE + function(f"Policies: [Managed, {policy(statement('[s3:GetObject, dynamodb:Query]'))}]"),
        TABLE + function(f"Policies: [{policy(statement(target='[!Sub "${Table.Arn}/index/*"]'))}]"),
        TABLE + function(f"Policies: [{policy(statement())}]", variable="!Sub '${Table}'"),
        TABLE
        + function("Role: !GetAtt Role.Arn", kind="AWS::Lambda::Function")
        + ROLE.replace("{}", f"{{Policies: [{{PolicyDocument: {policy(statement())}}}]}}"),
        TABLE + ROLE + function("Role: !GetAtt Role.Arn", kind="AWS::Lambda::Function") + attached("!Ref Role"),
    ],
)
def test_a_function_uses_what_it_is_told_of_and_allowed(text: str) -> None:
    assert found(text) == USES


@pytest.mark.parametrize(
    "text",
    [
        TABLE + function(""),
        TABLE + function(f"Policies: [{policy(statement(effect='Deny'))}]"),
        TABLE + function(f"Policies: [{policy(statement('sqs:SendMessage'))}]"),
        TABLE + function(f"Policies: [{policy(statement(target=chr(39) + '*' + chr(39)))}]"),
        TABLE + function(f"Policies: [{policy(statement())}]", variable="orders"),
        TABLE + QUEUE + function(f"Policies: [{policy(statement(target='!GetAtt Queue.Arn'))}]"),
        TABLE + ROLE + function("Role: !GetAtt Role.Arn") + attached("other"),
    ],
)
def test_a_variable_or_a_permission_alone_is_no_use(text: str) -> None:
    assert found(text) == set()
