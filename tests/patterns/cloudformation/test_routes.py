"""What a template's APIs answer to, however they are written."""

from catalogue.patterns.cloudformation.arrows.proofs import routes
from catalogue.patterns.services.model import Route
from catalogue.patterns.services.registry import registry
from tests.patterns.support.drafts import template

ROUTES = """
  Orders:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !GetAtt Api.RootResourceId, PathPart: orders}
  Order:
    Type: AWS::ApiGateway::Resource
    Properties:
      RestApiId: !Ref Api
      ParentId: !Ref Orders
      PathPart: "{id}"
  Rest:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Api, ParentId: !Ref Order, PathPart: "{proxy+}"}
  Root:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !GetAtt Api.RootResourceId, HttpMethod: GET}
  Create:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !Ref Orders, HttpMethod: post}
  Anything:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Api, ResourceId: !Ref Rest, HttpMethod: ANY}
"""


def test_routes_are_whole_paths() -> None:
    assert routes(template(ROUTES)) == (
        Route("GET", "/", "Root"),
        Route("POST", "/orders", "Create"),
        Route("ANY", "/orders/{id}/{proxy+}", "Anything"),
    )


def test_a_circle_of_parents_ends() -> None:
    circle = """
  A: {Type: AWS::ApiGateway::Resource, Properties: {ParentId: !Ref B, PathPart: a}}
  B: {Type: AWS::ApiGateway::Resource, Properties: {ParentId: !Ref A, PathPart: b}}
  M: {Type: AWS::ApiGateway::Method, Properties: {ResourceId: !Ref A, HttpMethod: GET}}
"""
    assert routes(template(circle)) == (Route("GET", "/b/a", "M"),)


SAM = """
  Work:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      Runtime: python3.13
      InlineCode: pass
      Events:
        Read: {Type: Api, Properties: {Path: "/orders/{id}", Method: get}}
        Write: {Type: HttpApi, Properties: {Path: /orders, Method: POST}}
        Rest: {Type: HttpApi}
"""


def test_events_of_sam_are_routes_of_the_function_that_has_them() -> None:
    assert set(routes(template(SAM))) == {
        Route("GET", "/orders/{id}", "Work", "Work"),
        Route("POST", "/orders", "Work", "Work"),
        Route("ANY", "/", "Work", "Work"),
        Route("ANY", "/{proxy+}", "Work", "Work"),
    }


HTTP = """
  Api: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: api, ProtocolType: HTTP}}
  Work:
    Type: AWS::Serverless::Function
    Properties: {Handler: index.handler, Runtime: python3.13, InlineCode: pass}
  May:
    Type: AWS::Lambda::Permission
    Properties: {Action: lambda:InvokeFunction, FunctionName: !Ref Work, Principal: apigateway.amazonaws.com}
  Call:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Api, IntegrationType: AWS_PROXY, IntegrationUri: !GetAtt Work.Arn}
  Read:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: "GET /orders/{id}", Target: !Sub "integrations/${Call}"}
  Other:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Api, RouteKey: $default}
  Chat: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: chat, ProtocolType: WEBSOCKET}}
  Joined:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Chat, RouteKey: $connect}
"""


def test_an_http_api_has_the_routes_of_its_keys_and_a_websocket_api_none() -> None:
    assert routes(template(HTTP)) == (
        Route("GET", "/orders/{id}", "Read", "Work"),
        Route("ANY", "/", "Other"),
        Route("ANY", "/{proxy+}", "Other"),
    )


URL = """
  Web:
    Type: AWS::Serverless::Function
    Properties:
      Handler: index.handler
      Runtime: python3.13
      InlineCode: pass
      FunctionUrlConfig: {AuthType: NONE}
"""


def test_a_function_url_takes_every_path() -> None:
    assert routes(template(URL)) == (Route("ANY", "/", "Web", "Web"), Route("ANY", "/{proxy+}", "Web", "Web"))


def test_a_demo_can_call_apis_and_function_urls() -> None:
    assert registry().endpoints(template(HTTP)) == ["Api", "Chat"]
    assert registry().endpoints(template(URL)) == ["WebUrl"]
    assert set(registry().endpoints(template(SAM))) == {"ServerlessRestApi", "ServerlessHttpApi"}
