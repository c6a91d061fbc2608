"""An API's OpenAPI body written out as resources, which the embedded AWS deploys whole.

From a body it takes neither credentials nor templates nor ANY, and of an HTTP API's body it makes no routes
(MiniStack 1.5.33). https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-swagger-extensions.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

REST_API, HTTP_API = "AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api"
_DEPLOYMENT = "AWS::ApiGateway::Deployment"
_INTEGRATION, _AUTHORIZER = "x-amazon-apigateway-integration", "x-amazon-apigateway-authorizer"
_ANY = "x-amazon-apigateway-any-method"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", _ANY)

type Resources = dict[str, Any]


def write_out(template: dict[str, Any]) -> None:
    """Replace each body that is in the template by resources of its own."""
    resources: Resources = template["Resources"]
    for id, resource in list(resources.items()):
        properties = resource.get("Properties") or {}
        body = properties.get("Body")
        if not isinstance(body, Mapping) or not isinstance(body.get("paths"), Mapping):
            continue
        if resource["Type"] == REST_API:
            del properties["Body"]
            properties.setdefault("Name", id)
            made = dict(_rest(id, body))
            resources |= made
            _deploy_after(resources, id, [name for name, one in made.items() if one["Type"].endswith("::Method")])
        elif resource["Type"] == HTTP_API:
            for name in ("Body", "FailOnWarnings"):
                properties.pop(name, None)
            properties |= {"ProtocolType": "HTTP"}
            properties.setdefault("Name", id)
            if isinstance(cors := body.get("x-amazon-apigateway-cors"), Mapping):
                properties.setdefault("CorsConfiguration", {_capital(name): value for name, value in cors.items()})
            resources |= dict(_http(id, body))


def _operations(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Path, method in capitals (ANY for all) and operation, of each that has an integration."""
    for path, methods in body["paths"].items():
        for method, operation in methods.items() if isinstance(methods, Mapping) else ():
            found = isinstance(operation, Mapping) and isinstance(operation.get(_INTEGRATION), Mapping)
            if found and str(method).lower() in _METHODS:
                yield str(path), "ANY" if str(method).lower() == _ANY else str(method).upper(), operation


def _rest(api: str, body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    authorizers = {name: f"{api}Authorizer{_plain(name)}" for name in _authorizing(body)}
    for name, scheme in _authorizing(body).items():
        yield authorizers[name], _rest_authorizer(api, name, scheme)
    parts: dict[str, Any] = {"": {"Fn::GetAtt": [api, "RootResourceId"]}}
    for number, (path, method, operation) in enumerate(_operations(body)):
        whole = ""
        for part in path.strip("/").split("/") if path.strip("/") else ():
            parent, whole = parts[whole], f"{whole}/{part}"
            if whole not in parts:
                id = f"{api}Path{len(parts)}{_plain(part)}"
                parts[whole] = {"Ref": id}
                yield id, _resource("AWS::ApiGateway::Resource", RestApiId={"Ref": api}, ParentId=parent, PathPart=part)
        yield (
            f"{api}Method{number}{method.capitalize()}",
            _resource(
                "AWS::ApiGateway::Method",
                RestApiId={"Ref": api},
                ResourceId=parts[whole],
                HttpMethod=method,
                Integration=_rest_integration(operation[_INTEGRATION]),
                MethodResponses=[
                    {"StatusCode": str(status), "ResponseParameters": _response_headers(response)}
                    for status, response in (operation.get("responses") or {}).items()
                    if str(status).isdigit()
                ],
                **_rest_security(operation.get("security", body.get("security")), authorizers, body),
            ),
        )


def _rest_integration(given: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "uri": "Uri",
        "credentials": "Credentials",
        "httpMethod": "IntegrationHttpMethod",
        "requestTemplates": "RequestTemplates",
        "requestParameters": "RequestParameters",
        "passthroughBehavior": "PassthroughBehavior",
        "cacheKeyParameters": "CacheKeyParameters",
        "cacheNamespace": "CacheNamespace",
        "timeoutInMillis": "TimeoutInMillis",
    }
    made = {name: given[key] for key, name in names.items() if key in given}
    made["Type"] = str(given.get("type", "")).upper() or "MOCK"
    if isinstance(behavior := made.get("PassthroughBehavior"), str):
        made["PassthroughBehavior"] = behavior.upper()
    if isinstance(responses := given.get("responses"), Mapping):
        made["IntegrationResponses"] = [
            {
                "StatusCode": str(response.get("statusCode", "200")),
                **({} if pattern == "default" else {"SelectionPattern": str(pattern)}),
                **{
                    name: response[key]
                    for key, name in {
                        "responseTemplates": "ResponseTemplates",
                        "responseParameters": "ResponseParameters",
                    }.items()
                    if key in response
                },
            }
            for pattern, response in responses.items()
            if isinstance(response, Mapping)
        ]
    return made


def _response_headers(response: Any) -> dict[str, bool]:
    headers = response.get("headers") if isinstance(response, Mapping) else None
    return {f"method.response.header.{name}": False for name in headers or {}}


def _authorizing(body: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """The security schemes that have an authorizer, by name."""
    components = body.get("components")
    several = [body.get("securityDefinitions"), components.get("securitySchemes") if components else None]
    return {
        str(name): scheme
        for schemes in several
        for name, scheme in (schemes or {}).items()
        if isinstance(scheme, Mapping) and isinstance(scheme.get(_AUTHORIZER), Mapping)
    }


def _rest_authorizer(api: str, name: str, scheme: Mapping[str, Any]) -> dict[str, Any]:
    given = scheme[_AUTHORIZER]
    kind = str(given.get("type", "token")).upper()
    made: dict[str, Any] = {"RestApiId": {"Ref": api}, "Name": name, "Type": kind}
    if "providerARNs" in given:
        made |= {"Type": "COGNITO_USER_POOLS", "ProviderARNs": given["providerARNs"]}
    if "authorizerUri" in given:
        made["AuthorizerUri"] = given["authorizerUri"]
    if "authorizerResultTtlInSeconds" in given:
        made["AuthorizerResultTtlInSeconds"] = given["authorizerResultTtlInSeconds"]
    made["IdentitySource"] = (
        given.get("identitySource") or f"method.request.header.{scheme.get('name', 'Authorization')}"
    )
    return _resource("AWS::ApiGateway::Authorizer", **made)


def _rest_security(needed: Any, authorizers: Mapping[str, str], body: Mapping[str, Any]) -> dict[str, Any]:
    names = [name for one in needed or () if isinstance(one, Mapping) for name in one]
    found: dict[str, Any] = {"AuthorizationType": "NONE"}
    for name in names:
        if name in authorizers:
            cognito = "providerARNs" in _authorizing(body)[name][_AUTHORIZER]
            found |= {
                "AuthorizationType": "COGNITO_USER_POOLS" if cognito else "CUSTOM",
                "AuthorizerId": {"Ref": authorizers[name]},
            }
        elif name == "api_key":
            found["ApiKeyRequired"] = True
        elif name in ("sigv4", "AWS_IAM"):
            found["AuthorizationType"] = "AWS_IAM"
    return found


def _http(api: str, body: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    authorizers = {name: f"{api}Authorizer{_plain(name)}" for name in _authorizing(body)}
    for name, scheme in _authorizing(body).items():
        yield authorizers[name], _http_authorizer(api, name, scheme)
    for number, (path, method, operation) in enumerate(_operations(body)):
        integration = f"{api}Integration{number}"
        yield (
            integration,
            _resource("AWS::ApiGatewayV2::Integration", **_http_integration(api, operation[_INTEGRATION])),
        )
        key = "$default" if path.strip("/") == "$default" else f"{method} {path}"
        route: dict[str, Any] = {
            "ApiId": {"Ref": api},
            "RouteKey": key,
            "Target": {"Fn::Sub": f"integrations/${{{integration}}}"},
        }
        for one in operation.get("security", body.get("security")) or ():
            for name in one if isinstance(one, Mapping) else ():
                if name in authorizers:
                    jwt = "jwtConfiguration" in _authorizing(body)[name][_AUTHORIZER]
                    route |= {
                        "AuthorizationType": "JWT" if jwt else "CUSTOM",
                        "AuthorizerId": {"Ref": authorizers[name]},
                    }
        yield f"{api}Route{number}", _resource("AWS::ApiGatewayV2::Route", **route)


def _http_integration(api: str, given: Mapping[str, Any]) -> dict[str, Any]:
    names = {
        "uri": "IntegrationUri",
        "credentials": "CredentialsArn",
        "payloadFormatVersion": "PayloadFormatVersion",
        "subtype": "IntegrationSubtype",
        "integrationSubtype": "IntegrationSubtype",
        "requestParameters": "RequestParameters",
    }
    made = {name: given[key] for key, name in names.items() if key in given}
    kind = str(given.get("type", "aws_proxy")).upper()
    return {
        "ApiId": {"Ref": api},
        "IntegrationType": kind,
        "IntegrationMethod": str(given.get("httpMethod", "POST")).upper(),
        "PayloadFormatVersion": "1.0" if kind != "AWS_PROXY" else "2.0",
        **made,
    }


def _http_authorizer(api: str, name: str, scheme: Mapping[str, Any]) -> dict[str, Any]:
    given = scheme[_AUTHORIZER]
    source = given.get("identitySource")
    made: dict[str, Any] = {
        "ApiId": {"Ref": api},
        "Name": name,
        "IdentitySource": source if isinstance(source, list) else [source or "$request.header.Authorization"],
    }
    if isinstance(jwt := given.get("jwtConfiguration"), Mapping):
        return _resource(
            "AWS::ApiGatewayV2::Authorizer",
            AuthorizerType="JWT",
            JwtConfiguration={_capital(key): value for key, value in jwt.items()},
            **made,
        )
    return _resource(
        "AWS::ApiGatewayV2::Authorizer",
        AuthorizerType="REQUEST",
        AuthorizerUri=given.get("authorizerUri"),
        AuthorizerPayloadFormatVersion=str(given.get("authorizerPayloadFormatVersion", "2.0")),
        EnableSimpleResponses=bool(given.get("enableSimpleResponses", False)),
        **made,
    )


def _deploy_after(resources: Resources, api: str, methods: list[str]) -> None:
    """A deployment is a snapshot: it must come after the methods that were in the body."""
    for resource in resources.values():
        if resource.get("Type") == _DEPLOYMENT and (resource.get("Properties") or {}).get("RestApiId") == {"Ref": api}:
            before = resource.get("DependsOn") or []
            resource["DependsOn"] = [*([before] if isinstance(before, str) else before), *methods]


def _resource(type: str, **properties: Any) -> dict[str, Any]:
    return {"Type": type, "Properties": properties}


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9]", "", text)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
