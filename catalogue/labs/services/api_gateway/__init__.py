"""API Gateway in labs, REST and HTTP APIs: caches, validators and authorizers as levers, and the counting of calls."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from catalogue.labs.services.api_gateway import addresses, contents, counting, fixups, openapi_body, operations
from catalogue.labs.services.model import Arrow, ClientOf, Endpoint, LabService, Leftover, Metric

if TYPE_CHECKING:  # see `services.model`
    from catalogue.labs.targets.base import Resource

REST_API = "AWS::ApiGateway::RestApi"
HTTP_API = "AWS::ApiGatewayV2::Api"
STAGE = "AWS::ApiGateway::Stage"


FUNCTION = "AWS::Lambda::Function"
QUEUE = "AWS::SQS::Queue"
_HOST = r"https://(?P<api>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com(?:\.cn)?"


def _name(client: ClientOf, resource: Resource) -> str:
    """Metrics of an API have its name, not its id."""
    return str(client("apigateway").get_rest_api(restApiId=resource.id)["name"])


def not_emulated(arrow: Arrow) -> str | None:
    if arrow.kind != "integration" or _emulated(arrow):
        return None
    status = 504 if arrow.source in (REST_API, "AWS::Serverless::Api") else 502
    return f"The gateway of the embedded AWS answers {status} instead of calling this service itself."


def _emulated(arrow: Arrow) -> bool:
    """Functions by all kinds of APIs, queues by REST APIs."""
    if arrow.source in (REST_API, "AWS::Serverless::Api") and arrow.target == QUEUE:
        return True
    return arrow.target in (FUNCTION, "AWS::Serverless::Function")


SERVICE = LabService(
    key="api-gateway",
    clients=("apigateway",),
    operations={
        "open-cache-invalidation": operations.set_of_cached_methods("requireAuthorizationForCacheControl", "false"),
        "close-cache-invalidation": operations.set_of_cached_methods("requireAuthorizationForCacheControl", "true"),
        "set-cache-ttl": operations.set_of_cached_methods("ttlInSeconds"),
        "flush-cache": operations.flush_cache,
        "disable-body-validation": operations.set_body_validation(False),
        "enable-body-validation": operations.set_body_validation(True),
        "flush-authorizers-cache": operations.flush_authorizers_cache,
    },
    contents={REST_API: contents.read},
    plain_ids=(STAGE,),
    counted=(REST_API, HTTP_API),
    uses=frozenset(
        {
            *("Request", "UnchargedRequest", "Refusal", "CacheHit", "DirectIntegration", "AuthorizerCacheHit"),
            *("Message", "ConnectionMinute"),
        }
    ),
    count=counting.count,
    seen_otherwise=True,
    # https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html
    metrics={
        REST_API: (
            Metric("AWS/ApiGateway", "Count", "ApiName", "Request"),
            Metric("AWS/ApiGateway", "CacheHitCount", "ApiName", "CacheHit"),
        ),
    },
    dimension=_name,
    endpoints=(
        Endpoint(re.compile(_HOST + r"/(?P<stage>[\w-]+)/?"), "/_aws/execute-api/{api}/{stage}"),
        Endpoint(
            re.compile(_HOST + "/?"),
            "/_aws/execute-api/{api}/$default",
            re.compile(r"https?://(?P<api>[a-z0-9]+)\.execute-api\.localhost(?::\d+)?/?"),
        ),
    ),
    not_emulated=not_emulated,
    addresses=addresses.addresses,
    sockets=addresses.sockets,
    write_out=openapi_body.write_out,
    restore=fixups.restore,
    on_aws=(
        "AWS::ApiGateway::Authorizer",
        "AWS::ApiGateway::Deployment",
        "AWS::ApiGateway::GatewayResponse",
        "AWS::ApiGateway::Method",
        "AWS::ApiGateway::Model",
        "AWS::ApiGateway::RequestValidator",
        "AWS::ApiGateway::Resource",
        REST_API,
        STAGE,
        HTTP_API,
        "AWS::ApiGatewayV2::Integration",
        "AWS::ApiGatewayV2::Route",
        "AWS::ApiGatewayV2::Stage",
        "AWS::Serverless::Api",
    ),
    leftovers=(
        Leftover(
            re.compile(r"arn:[^:]+:apigateway:[^:]+::/restapis/[^/]+"),
            lambda client, arn: client("apigateway").delete_rest_api(restApiId=arn.rpartition("/")[2]),
        ),
    ),
)
