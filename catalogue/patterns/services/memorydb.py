"""Amazon MemoryDB."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses

SERVICE = Service(
    key="memorydb",
    name="Amazon MemoryDB",
    actions="memorydb",
    types=(
        ResourceType(
            "AWS::MemoryDB::Cluster",
            Naming(
                "ClusterName",
                "arn:aws:memorydb:{region}:{account}:cluster/{name}",
                addresses=("clustercfg.{name}.0.memorydb.{region}.amazonaws.com",),
                attributes={"ClusterEndpoint.Address": "clustercfg.{name}.0.memorydb.{region}.amazonaws.com"},
            ),
            pictured=True,
        ),
    ),
    parts=(
        "AWS::MemoryDB::SubnetGroup",
        "AWS::MemoryDB::ParameterGroup",
        "AWS::MemoryDB::ACL",
        "AWS::MemoryDB::User",
    ),
    uses=Uses(writes=("Connect",), open=True),
)
