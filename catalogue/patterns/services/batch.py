"""AWS Batch: jobs that others submit."""

from collections.abc import Mapping
from typing import Any

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses, named_by


def _by_path(method: str, host: str, segments: list[str]) -> tuple[str, Mapping[str, Any]]:
    """`/v1/submitjob`: https://docs.aws.amazon.com/batch/latest/APIReference/API_SubmitJob.html"""
    return ("SubmitJob" if [part.lower() for part in segments] == ["v1", "submitjob"] else ""), {}


SERVICE = Service(
    key="batch",
    name="AWS Batch",
    actions="batch",
    types=(
        ResourceType(
            "AWS::Batch::JobQueue",
            Naming("JobQueueName", "arn:aws:batch:{region}:{account}:job-queue/{name}", ref="{arn}"),
            pictured=True,
            works=False,
        ),
    ),
    parts=("AWS::Batch::JobDefinition", "AWS::Batch::ComputeEnvironment"),
    uses=Uses(writes=("SubmitJob",)),
    calls=named_by("JobQueue", "jobQueue"),
    by_path=_by_path,
)
