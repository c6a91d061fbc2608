"""Amazon SageMaker: endpoints of models."""

from collections.abc import Mapping
from typing import Any

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses, named_by


def _by_path(method: str, host: str, segments: list[str]) -> tuple[str, Mapping[str, Any]]:
    """`/endpoints/name/invocations`:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html"""
    if len(segments) == 3 and segments[0] == "endpoints" and segments[2] == "invocations":
        return "InvokeEndpoint", {"EndpointName": segments[1]}
    return "", {}


SERVICE = Service(
    key="sagemaker",
    name="Amazon SageMaker",
    actions="sagemaker",
    types=(
        ResourceType(
            "AWS::SageMaker::Endpoint",
            Naming(
                "EndpointName",
                "arn:aws:sagemaker:{region}:{account}:endpoint/{name}",
                ref="{arn}",
                attributes={"EndpointName": "{name}"},
            ),
            pictured=True,
        ),
    ),
    parts=("AWS::SageMaker::EndpointConfig", "AWS::SageMaker::Model"),
    uses=Uses(writes=("InvokeEndpoint", "InvokeEndpointAsync", "InvokeEndpointWithResponseStream")),
    calls=named_by("EndpointName"),
    by_path=_by_path,
    api=("sagemakerruntime",),
)
