"""Amazon ElastiCache."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses

SERVICE = Service(
    key="elasticache",
    name="Amazon ElastiCache",
    actions="elasticache",
    types=(
        ResourceType(
            "AWS::ElastiCache::CacheCluster",
            Naming(
                "ClusterName",
                "arn:aws:elasticache:{region}:{account}:cluster:{name}",
                addresses=("{name}.0.cache.{region}.amazonaws.com",),
                attributes={
                    "RedisEndpoint.Address": "{name}.0.cache.{region}.amazonaws.com",
                    "ConfigurationEndpoint.Address": "{name}.0.cache.{region}.amazonaws.com",
                },
            ),
            pictured=True,
        ),
        ResourceType(
            "AWS::ElastiCache::ReplicationGroup",
            Naming(
                "ReplicationGroupId",
                "arn:aws:elasticache:{region}:{account}:replicationgroup:{name}",
                addresses=("master.{name}.0.cache.{region}.amazonaws.com",),
                attributes={
                    "PrimaryEndPoint.Address": "master.{name}.0.cache.{region}.amazonaws.com",
                    "ConfigurationEndPoint.Address": "master.{name}.0.cache.{region}.amazonaws.com",
                    "ReaderEndPoint.Address": "master.{name}.0.cache.{region}.amazonaws.com",
                },
            ),
            pictured=True,
        ),
        ResourceType(
            "AWS::ElastiCache::ServerlessCache",
            Naming(
                "ServerlessCacheName",
                "arn:aws:elasticache:{region}:{account}:serverlesscache:{name}",
                addresses=("{name}.serverless.{region}.cache.amazonaws.com",),
                attributes={"Endpoint.Address": "{name}.serverless.{region}.cache.amazonaws.com"},
            ),
            pictured=True,
        ),
    ),
    parts=(
        "AWS::ElastiCache::SubnetGroup",
        "AWS::ElastiCache::ParameterGroup",
        "AWS::ElastiCache::User",
        "AWS::ElastiCache::UserGroup",
    ),
    uses=Uses(writes=("Connect",), open=True),
)
