"""Amazon OpenSearch Serverless."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses

SERVICE = Service(
    key="opensearch-serverless",
    name="Amazon OpenSearch Serverless",
    actions="aoss",
    types=(
        ResourceType(
            "AWS::OpenSearchServerless::Collection",
            Naming(
                arn="arn:aws:aoss:{region}:{account}:collection/{name}",
                addresses=("https://{name}.{region}.aoss.amazonaws.com",),
                attributes={"CollectionEndpoint": "https://{name}.{region}.aoss.amazonaws.com"},
            ),
            pictured=True,
        ),
    ),
    parts=(
        "AWS::OpenSearchServerless::SecurityPolicy",
        "AWS::OpenSearchServerless::AccessPolicy",
        "AWS::OpenSearchServerless::CollectionGroup",
        "AWS::OpenSearchServerless::Index",
    ),
    uses=Uses(writes=("APIAccessAll",)),
)
