"""Amazon DocumentDB. Its clusters have ARNs of Amazon RDS."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses

SERVICE = Service(
    key="documentdb",
    name="Amazon DocumentDB",
    actions="docdb",
    types=(
        ResourceType(
            "AWS::DocDB::DBCluster",
            Naming(
                "DBClusterIdentifier",
                "arn:aws:rds:{region}:{account}:cluster:{name}",
                addresses=("{name}.cluster-0.{region}.docdb.amazonaws.com",),
                attributes={"Endpoint": "{name}.cluster-0.{region}.docdb.amazonaws.com"},
            ),
            pictured=True,
        ),
    ),
    parts=(
        "AWS::DocDB::DBInstance",
        "AWS::DocDB::DBSubnetGroup",
        "AWS::DocDB::DBClusterParameterGroup",
    ),
    uses=Uses(open=True),
)
