"""An API's OpenAPI body as resources, which the embedded AWS deploys whole. The calls themselves: test_open.py."""

from typing import Any

from catalogue.labs.services.api_gateway.openapi_body import write_out

PROXY = {"type": "aws_proxy", "httpMethod": "POST", "uri": {"Fn::Sub": "arn:…:${Take.Arn}/invocations"}}


def written(api_type: str, body: dict[str, Any], **others: Any) -> dict[str, Any]:
    template = {"Resources": {"Api": {"Type": api_type, "Properties": {"Body": body}}, **others}}
    write_out(template)
    return template["Resources"]


def of_type(resources: dict[str, Any], end: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in resources.values() if one["Type"].endswith(end)]


def test_each_path_of_a_rest_api_is_a_chain_of_parts_that_are_made_once() -> None:
    any_method = {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": PROXY}}
    get = {"get": {"x-amazon-apigateway-integration": PROXY}}
    deployment = {"Type": "AWS::ApiGateway::Deployment", "Properties": {"RestApiId": {"Ref": "Api"}}, "DependsOn": "X"}

    resources = written(
        "AWS::ApiGateway::RestApi", {"paths": {"/a/{id}": any_method, "/a": get, "/": get}}, Deployed=deployment
    )

    assert [part["PathPart"] for part in of_type(resources, "::Resource")] == ["a", "{id}"]
    methods = {id: one["Properties"] for id, one in resources.items() if one["Type"].endswith("::Method")}
    assert [method["HttpMethod"] for method in methods.values()] == ["ANY", "GET", "GET"]
    assert [method["ResourceId"] for method in methods.values()][2] == {"Fn::GetAtt": ["Api", "RootResourceId"]}
    assert resources["Deployed"]["DependsOn"] == ["X", *methods]
    assert "Body" not in resources["Api"]["Properties"]


def test_an_integrations_templates_credentials_and_responses_are_kept() -> None:
    integration = {
        "type": "aws",
        "httpMethod": "POST",
        "uri": "arn:aws:apigateway:us-east-1:sqs:path/0/orders",
        "credentials": "arn:aws:iam::000000000000:role/api",
        "requestTemplates": {"application/json": "Action=SendMessage"},
        "passthroughBehavior": "never",
        "responses": {"default": {"statusCode": 202}, "4..": {"statusCode": "400"}},
    }

    resources = written(
        "AWS::ApiGateway::RestApi",
        {"paths": {"/orders": {"post": {"responses": {"202": {}}, "x-amazon-apigateway-integration": integration}}}},
    )

    (method,) = of_type(resources, "::Method")
    assert method["Integration"] == {
        "Type": "AWS",
        "IntegrationHttpMethod": "POST",
        "Uri": integration["uri"],
        "Credentials": integration["credentials"],
        "RequestTemplates": integration["requestTemplates"],
        "PassthroughBehavior": "NEVER",
        "IntegrationResponses": [{"StatusCode": "202"}, {"StatusCode": "400", "SelectionPattern": "4.."}],
    }
    assert method["MethodResponses"] == [{"StatusCode": "202", "ResponseParameters": {}}]


def test_a_security_scheme_becomes_an_authorizer_that_its_operations_name() -> None:
    scheme = {
        "type": "apiKey",
        "name": "X-Token",
        "x-amazon-apigateway-authorizer": {"type": "token", "authorizerUri": "arn:…"},
    }
    operation = {"security": [{"Check": []}], "x-amazon-apigateway-integration": PROXY}

    resources = written(
        "AWS::ApiGateway::RestApi",
        {"paths": {"/": {"get": operation}}, "securityDefinitions": {"Check": scheme}},
    )

    (method,) = of_type(resources, "::Method")
    (authorizer,) = of_type(resources, "::Authorizer")
    assert (method["AuthorizationType"], method["AuthorizerId"]) == ("CUSTOM", {"Ref": "ApiAuthorizerCheck"})
    assert (authorizer["Type"], authorizer["IdentitySource"]) == ("TOKEN", "method.request.header.X-Token")


def test_an_http_apis_body_becomes_integrations_and_routes() -> None:
    jwt = {
        "x-amazon-apigateway-authorizer": {
            "type": "jwt",
            "jwtConfiguration": {"issuer": "https://i", "audience": ["a"]},
        }
    }
    body = {
        "paths": {
            "$default": {"x-amazon-apigateway-any-method": {"x-amazon-apigateway-integration": PROXY}},
            "/in": {"get": {"security": [{"Jwt": []}], "x-amazon-apigateway-integration": PROXY}},
        },
        "components": {"securitySchemes": {"Jwt": jwt}},
    }

    resources = written("AWS::ApiGatewayV2::Api", body)

    assert [route["RouteKey"] for route in of_type(resources, "::Route")] == ["$default", "GET /in"]
    assert of_type(resources, "::Route")[1]["AuthorizationType"] == "JWT"
    assert [one["IntegrationType"] for one in of_type(resources, "::Integration")] == ["AWS_PROXY"] * 2
    assert of_type(resources, "::Authorizer")[0]["JwtConfiguration"] == {"Issuer": "https://i", "Audience": ["a"]}
    assert resources["Api"]["Properties"] == {"ProtocolType": "HTTP", "Name": "Api"}


def test_an_api_without_a_body_stays_as_it_is() -> None:
    template = {"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "x"}}}}

    write_out(template)

    assert template == {"Resources": {"Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": "x"}}}}
