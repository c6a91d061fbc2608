"""Amazon RDS and Aurora: databases, by their own port or by the Data API."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses, named_by

_ARN = "arn:aws:rds:{region}:{account}:"


def _at(address: str) -> dict[str, str]:
    return {"Endpoint.Address": address, "Endpoint": address, "ReadEndpoint.Address": f"ro-{address}"}


_CLUSTER = "{name}.cluster-0.{region}.rds.amazonaws.com"
_INSTANCE = "{name}.0.{region}.rds.amazonaws.com"
_PROXY = "{name}.proxy-0.{region}.rds.amazonaws.com"

SERVICE = Service(
    key="rds",
    name="Amazon RDS",
    actions="rds-data",
    types=(
        ResourceType(
            "AWS::RDS::DBCluster",
            Naming(
                "DBClusterIdentifier",
                _ARN + "cluster:{name}",
                addresses=(_CLUSTER, f"ro-{_CLUSTER}"),
                attributes={**_at(_CLUSTER), "DBClusterArn": _ARN + "cluster:{name}"},
            ),
            pictured=True,
        ),
        ResourceType(
            "AWS::RDS::DBInstance",
            Naming(
                "DBInstanceIdentifier",
                _ARN + "db:{name}",
                addresses=(_INSTANCE,),
                attributes={**_at(_INSTANCE), "DBInstanceArn": _ARN + "db:{name}"},
            ),
            pictured=True,
        ),
        ResourceType(
            "AWS::RDS::DBProxy",
            Naming("DBProxyName", _ARN + "db-proxy:{name}", addresses=(_PROXY,), attributes=_at(_PROXY)),
            pictured=True,
        ),
    ),
    parts=("AWS::RDS::DBSubnetGroup", "AWS::RDS::DBProxyTargetGroup", "AWS::RDS::DBClusterParameterGroup"),
    uses=Uses(
        reads=("ExecuteStatement",), writes=("ExecuteStatement", "BatchExecuteStatement", "ExecuteSql"), open=True
    ),
    calls=named_by("ResourceArn"),
    api=("rdsdata",),
)
