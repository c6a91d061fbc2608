"""Amazon Managed Streaming for Apache Kafka."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses

SERVICE = Service(
    key="msk",
    name="Amazon MSK",
    actions="kafka-cluster",
    types=(
        ResourceType(
            "AWS::MSK::Cluster",
            Naming(
                "ClusterName",
                "arn:aws:kafka:{region}:{account}:cluster/{name}/0",
                addresses=("boot.{name}.kafka.{region}.amazonaws.com",),
                attributes={"BootstrapBrokers": "boot.{name}.kafka.{region}.amazonaws.com"},
            ),
            pictured=True,
        ),
        ResourceType(
            "AWS::MSK::ServerlessCluster",
            Naming(
                "ClusterName",
                "arn:aws:kafka:{region}:{account}:cluster/{name}/0",
                addresses=("boot.{name}.kafka-serverless.{region}.amazonaws.com",),
                attributes={"BootstrapBrokers": "boot.{name}.kafka-serverless.{region}.amazonaws.com"},
            ),
            pictured=True,
        ),
    ),
    parts=(
        "AWS::MSK::Configuration",
        "AWS::MSK::ClusterPolicy",
        "AWS::MSK::BatchScramSecret",
    ),
    uses=Uses(reads=("ReadData",), writes=("WriteData",), open=True),
)
