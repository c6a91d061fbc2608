"""Under which services a resource of a stack is counted."""

from collections.abc import Iterator

from catalogue.labs.targets import Resource

_SERVICES = {
    "AWS::ApiGateway::RestApi": ("api-gateway",),
    "AWS::ApiGatewayV2::Api": ("api-gateway",),
    "AWS::Lambda::Function": ("lambda", "cloudwatch"),
    "AWS::SQS::Queue": ("sqs",),
    "AWS::SNS::Topic": ("sns",),
    "AWS::DynamoDB::Table": ("dynamodb",),
    "AWS::S3::Bucket": ("s3",),
    "AWS::SecretsManager::Secret": ("secrets-manager",),
    "AWS::Events::EventBus": ("eventbridge",),
    "AWS::StepFunctions::StateMachine": ("step-functions",),
}
"""Services by the keys of services.yaml. A function's own log group counts as its logs."""


def counted_as(resource: Resource) -> Iterator[tuple[str, str]]:
    """Each service and name that the resource's uses stand under."""
    for service in _SERVICES.get(resource.type, ()):
        yield service, resource.id
