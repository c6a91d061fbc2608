"""Runs made for reckoning: a template of every kind of thing that costs, and run documents over it."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from catalogue.patterns.cloudformation.template import Template, read_template
from catalogue.patterns.runs.document import Event, Invocation, Request, Run, Use

TEMPLATE = """
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Api: {Type: AWS::ApiGateway::RestApi}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Api, CacheClusterEnabled: true, CacheClusterSize: "0.5"}
  Guard:
    Type: AWS::Serverless::Function
    Properties: {Handler: a.b, Runtime: python3.13, InlineCode: pass, MemorySize: 128}
  MayGuard:
    Type: AWS::Lambda::Permission
    Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref Guard, Principal: apigateway.amazonaws.com}
  Authorizer:
    Type: AWS::ApiGateway::Authorizer
    Properties:
      RestApiId: !Ref Api
      AuthorizerUri: !Sub arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Guard.Arn}/invocations
  Take:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Authorizer
      HttpMethod: POST
      Integration:
        Type: AWS_PROXY
        Uri: !Sub arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Orders.Arn}/invocations
  Orders:
    Type: AWS::Serverless::Function
    Properties: {Handler: a.b, Runtime: python3.13, InlineCode: pass, MemorySize: 512, Architectures: [arm64]}
  MayOrders:
    Type: AWS::Lambda::Permission
    Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref Orders, Principal: apigateway.amazonaws.com}
  Queue: {Type: AWS::SQS::Queue}
  Ordered:
    Type: AWS::SQS::Queue
    Properties: {FifoQueue: true}
  Source:
    Type: AWS::Lambda::EventSourceMapping
    Properties: {EventSourceArn: !GetAtt Queue.Arn, FunctionName: !Ref Orders}
  Topic: {Type: AWS::SNS::Topic}
  Table: {Type: AWS::DynamoDB::Table}
  Key: {Type: AWS::SecretsManager::Secret}
"""


def template(text: str = TEMPLATE) -> Template:
    return read_template(Path("template.yaml"), text)


def bare() -> Template:
    """An API with a function behind it: nothing that stands by the hour."""
    return template(
        """
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Api: {Type: AWS::ApiGateway::RestApi}
  Take:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Api
      HttpMethod: POST
      Integration:
        Type: AWS_PROXY
        Uri: !Sub arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${Orders.Arn}/invocations
  Orders:
    Type: AWS::Serverless::Function
    Properties: {Handler: a.b, Runtime: python3.13, InlineCode: pass, MemorySize: 512, Architectures: [arm64]}
  MayOrders:
    Type: AWS::Lambda::Permission
    Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref Orders, Principal: apigateway.amazonaws.com}
"""
    )


def use(service: str, operation: str, resource: str | None, count: int, units: float | None = None) -> Use:
    return Use(
        service=service,
        operation=operation,
        resource=resource,
        count=count,
        units=count if units is None else units,
    )


def request(trace: str = "1-a", status: int = 200, path: str = "/orders") -> Request:
    return Request(at=0, ms=5, trace=trace, method="POST", path=path, status=status)


def invocation(
    function: str = "Orders", trace: str | None = "1-a", billed_ms: int = 100, memory_mb: int = 512
) -> Invocation:
    return Invocation(
        at=1,
        ms=billed_ms,
        function=function,
        trace=trace,
        cold=False,
        init_ms=None,
        memory_mb=memory_mb,
        billed_ms=billed_ms,
        error=False,
    )


def run(events: tuple[Event, ...] = (), uses: tuple[Use, ...] = (), ms: float = 0, **more: Any) -> Run:
    return Run(
        **{
            "pattern": "made-up",
            "title": "A run",
            "target": "embedded",
            "run_hash": "0",
            "recorded_at": datetime(2026, 11, 23, tzinfo=UTC),
            "ms": ms,
            "actions": (),
            "events": events,
            "uses": uses,
            **more,
        }
    )
