"""Pieces of templates in which one thing flows, and the same pieces in which it does not.

`P` is put before every logical id, so that several pieces can stand in one template. What must be there for a flow is
between `<+` and `+>`; what stands there instead without it is between `<-` and `->`.
"""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Fragment:
    name: str
    text: str
    arrows: tuple[str, ...]
    """`PFrom>PTo kind`, with `!` after the kind if the source waits."""
    always: tuple[str, ...] = ()
    """Arrows that are there in both cases."""

    def resources(self, prefix: str, *, flows: bool) -> str:
        shown, hidden = (r"<\+(.*?)\+>", r"<-(.*?)->") if flows else (r"<-(.*?)->", r"<\+(.*?)\+>")
        text = re.sub(hidden, "", self.text, flags=re.DOTALL)
        text = re.sub(shown, r"\1", text, flags=re.DOTALL)
        return re.sub(r"\bP(?=[A-Z])", prefix, text)

    def expected(self, prefix: str, *, flows: bool) -> set[str]:
        arrows = (*self.always, *(self.arrows if flows else ()))
        return {re.sub(r"\bP(?=[A-Z])", prefix, arrow) for arrow in arrows}


def role(actions: str, resource: str, effect: str = "Allow") -> str:
    """A role that any service may take, with one statement."""
    return f"""
  PRole:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument: {{}}
      Policies:
        - PolicyName: it
          PolicyDocument:
            Statement:
              - {{Effect: {effect}, Action: {actions}, Resource: {resource}}}
"""


FUNCTION = """
  PWork:
    Type: AWS::Serverless::Function
    Properties: {Runtime: python3.13, Handler: app.handler, CodeUri: code}
"""
QUEUE = "\n  PQueue: {Type: AWS::SQS::Queue}\n"
TABLE = """
  PTable:
    Type: AWS::DynamoDB::Table
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      BillingMode: PAY_PER_REQUEST
      <+StreamSpecification: {StreamViewType: NEW_IMAGE}+>
"""
REST = "\n  PApi: {Type: AWS::ApiGateway::RestApi, Properties: {Name: api}}\n"
INVOKE = "!Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${PWork.Arn}/invocations'"


def sam(properties: str) -> str:
    """A SAM function called PWork with more properties."""
    return FUNCTION.replace("CodeUri: code}", f"CodeUri: code, {properties}}}")


def method(integration: str) -> str:
    return (
        REST
        + f"""
  PPost:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref PApi
      ResourceId: !GetAtt PApi.RootResourceId
      HttpMethod: POST
      AuthorizationType: NONE
      Integration: {integration}
"""
    )


PERMISSION = """
  PPermission:
    Type: AWS::Lambda::Permission
    Properties: {FunctionName: !Ref PWork, Action: 'lambda:InvokeFunction', Principal: %s}
"""


def permission(principal: str) -> str:
    return PERMISSION % principal


def queue_policy(principal: str, source: str = "") -> str:
    condition = f", Condition: {{ArnEquals: {{'aws:SourceArn': {source}}}}}" if source else ""
    return f"""
  PQueuePolicy:
    Type: AWS::SQS::QueuePolicy
    Properties:
      Queues: [!Ref PQueue]
      PolicyDocument:
        Statement:
          - {{Effect: Allow, Principal: {{Service: {principal}}}, Action: 'sqs:SendMessage',
             Resource: !GetAtt PQueue.Arn{condition}}}
"""
