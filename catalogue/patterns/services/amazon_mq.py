"""Amazon MQ: brokers of ActiveMQ and RabbitMQ."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses

SERVICE = Service(
    key="amazon-mq",
    name="Amazon MQ",
    actions="mq",
    types=(
        ResourceType(
            "AWS::AmazonMQ::Broker",
            Naming(
                "BrokerName",
                "arn:aws:mq:{region}:{account}:broker:{name}:0",
                addresses=("{name}.mq.{region}.amazonaws.com",),
                attributes={"IpAddresses": "{name}.mq.{region}.amazonaws.com"},
            ),
            pictured=True,
        ),
    ),
    parts=(
        "AWS::AmazonMQ::Configuration",
        "AWS::AmazonMQ::ConfigurationAssociation",
    ),
    uses=Uses(open=True),
)
