"""AWS AppSync."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import Deployed, items, mapping, texts
from catalogue.patterns.services.model import Finding, NotProven, ResourceType, Service, Uses

API = "AWS::AppSync::GraphQLApi"
SOURCE = "AWS::AppSync::DataSource"
RESOLVERS = ("AWS::AppSync::Resolver", "AWS::AppSync::FunctionConfiguration")
_CONFIGURED = {
    "LambdaConfig": ("LambdaFunctionArn",),
    "DynamoDBConfig": ("TableName",),
    "EventBridgeConfig": ("EventBusArn",),
    "HttpConfig": ("Endpoint",),
    "OpenSearchServiceConfig": ("Endpoint",),
}


def resolvers(view: View) -> Iterator[Finding]:
    """An API asks the data sources that its resolvers use."""
    used = {
        (view.stack.named(one.property("ApiId"), API), one.property("DataSourceName"))
        for one in view.stack.of_type(*RESOLVERS)
    }
    for source in view.stack.of_type(SOURCE):
        api = view.stack.named(source.property("ApiId"), API)
        targets = list(_targets(view, source))
        if api is None or not targets:
            continue
        if (api, view.stack.names[source.id].name) not in used:
            yield NotProven("resolver", api, targets[0], source.id, "no resolver uses the data source")
            continue
        for target in targets:
            arn, role = view.stack.arn(target), source.property("ServiceRoleArn")
            yield from view.delivery(
                "resolver", api, arn, source, sender="appsync", role=role, waits=view.works(target)
            )


def _targets(view: View, source: Deployed) -> Iterator[str]:
    for key, names in _CONFIGURED.items():
        for configured in items(source.property(key)):
            for name in names:
                text = configured.get(name)
                found = view.stack.find(text) or view.stack.named(text, "AWS::DynamoDB::Table")
                if found is not None:
                    yield found
            yield from _signed(view, source, configured)


def _signed(view: View, source: Deployed, configured: Mapping[str, Any]) -> Iterator[str]:
    """The resources of the service whose API an HTTP data source calls, which its role names."""
    signing = mapping(mapping(configured.get("AuthorizationConfig")).get("AwsIamConfig")).get("SigningServiceName")
    service = view.registry.of_api(str(signing)) if signing else None
    statements = view.statements(source.property("ServiceRoleArn"))
    if service is None or statements is None:
        return
    for resource in view.stack.of_type(*view.registry.types_of(service)):
        if any(view.reach(statements, resource.id, operation) == "named" for operation in service.uses.writes):
            yield resource.id


def authorizers(view: View) -> Iterator[Finding]:
    """An API may ask a function or a user pool whether a caller may pass."""
    for api in view.stack.of_type(API):
        for configured in [api.properties, *items(api.property("AdditionalAuthenticationProviders"))]:
            for arn in texts(configured.get("LambdaAuthorizerConfig")):
                if view.stack.find(arn):
                    yield from view.delivery("authorizer", api.id, arn, api, sender="appsync", waits=True)


SERVICE = Service(
    key="appsync",
    name="AWS AppSync",
    actions="appsync",
    types=(
        ResourceType(
            API,
            Naming(
                arn="arn:aws:appsync:{region}:{account}:apis/{name}",
                ref="{arn}",
                addresses=("https://{name}.appsync-api.{region}.amazonaws.com/graphql",),
                attributes={
                    "ApiId": "{name}",
                    "GraphQLUrl": "https://{name}.appsync-api.{region}.amazonaws.com/graphql",
                    "GraphQLEndpointArn": "{arn}",
                },
            ),
            pictured=True,
        ),
        ResourceType(SOURCE, Naming("Name", attributes={"Name": "{name}"})),
    ),
    parts=(
        *RESOLVERS,
        "AWS::AppSync::ApiKey",
        "AWS::AppSync::GraphQLSchema",
        "AWS::AppSync::Api",
        "AWS::AppSync::ChannelNamespace",
        "AWS::AppSync::ApiCache",
        "AWS::Serverless::GraphQLApi",
    ),
    uses=Uses(writes=("GraphQL",)),
    finders=(resolvers, authorizers),
)
