"""Amazon API Gateway: REST, HTTP and WebSocket APIs."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.api_gateway import checks, domains, http, pricing, rest
from catalogue.patterns.services.api_gateway.deployments import DEPLOYMENT
from catalogue.patterns.services.api_gateway.operations import OPERATIONS
from catalogue.patterns.services.api_gateway.routes import MADE_FOR, endpoints, routes
from catalogue.patterns.services.model import ResourceType, Service, Uses, named_by

_ARN = "arn:aws:execute-api:{region}:{account}:{name}"
_ADDRESS = "https://{name}.execute-api.{region}.amazonaws.com"

SERVICE = Service(
    key="api-gateway",
    name="Amazon API Gateway",
    actions="execute-api",
    types=(
        ResourceType(rest.API, Naming(arn=_ARN, addresses=(_ADDRESS,)), role="gateway", pictured=True),
        ResourceType(rest.STAGE, Naming("StageName"), role="cache", noun="a stage"),
        ResourceType(rest.VALIDATOR, noun="a request validator"),
        ResourceType(
            http.API,
            Naming(arn=_ARN, addresses=(_ADDRESS,), attributes={"ApiEndpoint": _ADDRESS, "ApiId": "{name}"}),
            role="gateway",
            pictured=True,
        ),
        *domains.TYPES,
    ),
    parts=(
        rest.RESOURCE,
        rest.METHOD,
        DEPLOYMENT,
        rest.AUTHORIZER,
        "AWS::ApiGateway::Model",
        "AWS::ApiGateway::GatewayResponse",
        "AWS::ApiGateway::UsagePlan",
        "AWS::ApiGateway::UsagePlanKey",
        "AWS::ApiGateway::ApiKey",
        "AWS::ApiGateway::Account",
        *domains.MAPPINGS,
        "AWS::ApiGateway::DomainNameAccessAssociation",
        "AWS::ApiGateway::ClientCertificate",
        "AWS::ApiGateway::VpcLink",
        "AWS::Serverless::Api",
        http.ROUTE,
        http.INTEGRATION,
        "AWS::ApiGatewayV2::IntegrationResponse",
        "AWS::ApiGatewayV2::RouteResponse",
        "AWS::ApiGatewayV2::Stage",
        "AWS::ApiGatewayV2::Deployment",
        http.AUTHORIZER,
        "AWS::ApiGatewayV2::Model",
        "AWS::ApiGatewayV2::VpcLink",
        "AWS::Serverless::HttpApi",
    ),
    definitions={
        "AWS::Serverless::Api": ("DefinitionUri", "DefinitionBody"),
        "AWS::Serverless::HttpApi": ("DefinitionUri", "DefinitionBody"),
        rest.API: ("BodyS3Location", "Body"),
        http.API: ("BodyS3Location", "Body"),
    },
    uses=Uses(writes=("ManageConnections", "Invoke")),
    calls=named_by("ApiEndpoint"),
    api=("apigateway", "apigatewaymanagementapi"),
    action_of={"invoke": ("Invoke", "ManageConnections")},
    operations=OPERATIONS,
    can_be_used=pricing.can_be_used,
    charges=pricing.charges,
    calls_of_visitors=pricing.CALLS,
    avoids=pricing.AVOIDS,
    standing=rest.standing,
    checks=(checks.deployments,),
    routes=routes,
    endpoints=endpoints,
    made_for=MADE_FOR,
    finders=(rest.methods, rest.authorizers, rest.caches, http.routes, http.authorizers, domains.domains),
)
