"""Amazon OpenSearch Service: domains."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses

SERVICE = Service(
    key="opensearch",
    name="Amazon OpenSearch Service",
    actions="es",
    types=(
        ResourceType(
            "AWS::OpenSearchService::Domain",
            Naming(
                "DomainName",
                "arn:aws:es:{region}:{account}:domain/{name}",
                addresses=("https://search-{name}-0.{region}.es.amazonaws.com",),
                attributes={"DomainEndpoint": "search-{name}-0.{region}.es.amazonaws.com"},
            ),
            pictured=True,
        ),
    ),
    uses=Uses(reads=("ESHttpGet", "ESHttpHead"), writes=("ESHttpPost", "ESHttpPut", "ESHttpDelete", "ESHttpPatch")),
)
