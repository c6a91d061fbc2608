"""Amazon Bedrock AgentCore: gateways of tools."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import items, mapping, texts
from catalogue.patterns.services.model import Finding, Relation, ResourceType, Service, Uses

GATEWAY = "AWS::BedrockAgentCore::Gateway"
TARGET = "AWS::BedrockAgentCore::GatewayTarget"
_HOST = "https://{name}.gateway.bedrock-agentcore.{region}.amazonaws.com"


def targets(view: View) -> Iterator[Finding]:
    """A gateway calls the functions and APIs that its targets name, and waits."""
    for target in view.stack.of_type(TARGET):
        gateway = view.stack.named(target.property("GatewayIdentifier"), GATEWAY)
        called = mapping(target.property("TargetConfiguration", "Mcp"))
        function = mapping(called.get("Lambda")).get("LambdaArn")
        api = mapping(called.get("ApiGateway")).get("RestApiId")
        if gateway and function:
            role = view.stack.resources[gateway].property("RoleArn")
            yield from view.delivery(
                "target", gateway, function, target, sender="bedrock-agentcore", role=role, waits=True
            )
        found = view.stack.named(api, *view.registry.of_role("gateway"))
        if gateway and found:
            yield Relation("target", gateway, found, target.id, True)


def questions(view: View) -> Iterator[Finding]:
    """A gateway asks a user pool whether a token is right, and functions before and after it calls."""
    for gateway in view.stack.of_type(GATEWAY):
        address = text_of(gateway.property("AuthorizerConfiguration", "CustomJWTAuthorizer", "DiscoveryUrl"))
        pool = view.stack.find(address)
        if pool is not None:
            yield Relation("authorizer", gateway.id, pool, gateway.id, True)
        for interceptor in items(gateway.property("InterceptorConfigurations")):
            for arn in texts(interceptor.get("Interceptor")):
                role = gateway.property("RoleArn")
                yield from view.delivery(
                    "enrichment", gateway.id, arn, gateway, sender="bedrock-agentcore", role=role, waits=True
                )


SERVICE = Service(
    key="bedrock-agentcore",
    name="Amazon Bedrock AgentCore",
    actions="bedrock-agentcore",
    types=(
        ResourceType(
            GATEWAY,
            Naming(
                arn="arn:aws:bedrock-agentcore:{region}:{account}:gateway/{name}",
                addresses=(_HOST,),
                attributes={"GatewayUrl": f"{_HOST}/mcp", "GatewayIdentifier": "{name}"},
            ),
            pictured=True,
        ),
    ),
    parts=(TARGET,),
    uses=Uses(writes=("InvokeGateway",)),
    finders=(targets, questions),
)
