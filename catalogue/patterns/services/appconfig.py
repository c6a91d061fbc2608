"""AWS AppConfig: applications with their configurations."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses, named_by

SERVICE = Service(
    key="appconfig",
    name="AWS AppConfig",
    actions="appconfig",
    types=(
        ResourceType(
            "AWS::AppConfig::Application",
            Naming("Name", "arn:aws:appconfig:{region}:{account}:application/{name}"),
            pictured=True,
        ),
    ),
    parts=(
        "AWS::AppConfig::Environment",
        "AWS::AppConfig::ConfigurationProfile",
        "AWS::AppConfig::Deployment",
        "AWS::AppConfig::DeploymentStrategy",
        "AWS::AppConfig::HostedConfigurationVersion",
    ),
    calls=named_by("ApplicationIdentifier"),
    api=("appconfigdata",),
    uses=Uses(reads=("GetLatestConfiguration", "GetConfiguration", "StartConfigurationSession")),
)
