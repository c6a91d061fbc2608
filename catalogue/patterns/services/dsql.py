"""Amazon Aurora DSQL."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses

SERVICE = Service(
    key="dsql",
    name="Amazon Aurora DSQL",
    actions="dsql",
    types=(
        ResourceType(
            "AWS::DSQL::Cluster",
            Naming(arn="arn:aws:dsql:{region}:{account}:cluster/{name}", addresses=("{name}.dsql.{region}.on.aws",)),
            pictured=True,
        ),
    ),
    uses=Uses(writes=("DbConnect", "DbConnectAdmin")),
)
