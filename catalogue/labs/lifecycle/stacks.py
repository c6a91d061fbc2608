"""Reads a CloudFormation stack: its state, its resources, and why it failed."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from botocore.exceptions import ClientError

from catalogue.labs.models import Lab
from catalogue.labs.targets.base import Resource
from catalogue.patterns.cloudformation.resolving import resolved_resources, scope_of

_CANCELLED = "Resource creation cancelled"


@dataclass(frozen=True)
class Stack:
    name: str
    id: str
    status: str
    status_reason: str
    outputs: Mapping[str, str]
    parameters: Mapping[str, str] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether it is as its template says."""
        return self.status in ("CREATE_COMPLETE", "UPDATE_COMPLETE", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS")

    @property
    def endpoint(self) -> str:
        """Where its API is called; empty where no output says it."""
        return self.outputs.get("Endpoint", "")

    @property
    def socket_endpoint(self) -> str:
        """Where its WebSocket API is connected to, as the https address that the handshake goes to; or empty."""
        return re.sub(r"^ws(?=s?://)", "http", self.outputs.get("SocketEndpoint", ""))

    @property
    def failed(self) -> bool:
        return "ROLLBACK" in self.status or self.status.endswith("_FAILED") or self.status.startswith("DELETE")

    def reason(self, cloudformation: Any) -> str:
        """CloudFormation's own words for the first resource that failed in what was done last."""
        events = cloudformation.describe_stack_events(StackName=self.id)["StackEvents"]
        last = list(takewhile(lambda event: not self._begins(event), events))
        for event in reversed(last):  # the newest come first
            said = event.get("ResourceStatusReason", "")
            if event["ResourceStatus"].endswith("_FAILED") and said and _CANCELLED not in said:
                return f"{event['LogicalResourceId']}: {said}"
        return self.status_reason or f"The stack ended as {self.status}."

    def _begins(self, event: Mapping[str, Any]) -> bool:
        """Whether the event is the beginning of the stack's creation or of an update."""
        of_itself = event.get("PhysicalResourceId") == self.id
        return of_itself and event["ResourceStatus"] in ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")

    def resources(self, cloudformation: Any) -> dict[str, Resource]:
        """What has been made so far, by logical id."""
        described = cloudformation.describe_stack_resources(StackName=self.name)["StackResources"]
        return {
            resource["LogicalResourceId"]: Resource(resource["ResourceType"], resource["PhysicalResourceId"])
            for resource in described
            if resource.get("PhysicalResourceId")
        }

    def template(self, cloudformation: Any) -> dict[str, Any]:
        """The template as CloudFormation has processed it: after SAM's and other transforms."""
        body = cloudformation.get_template(StackName=self.name, TemplateStage="Processed")["TemplateBody"]
        template: dict[str, Any] = json.loads(body) if isinstance(body, str) else dict(body)
        return template

    def deployed(self, cloudformation: Any, resources: Mapping[str, Resource]) -> dict[str, Any]:
        """The processed template's resources with parameters, conditions and physical ids put in."""
        template = self.template(cloudformation)
        account_id, region = self.id.split(":")[4], self.id.split(":")[3]
        given = {
            **self.parameters,
            "AWS::StackName": self.name,
            "AWS::StackId": self.id,
            "AWS::Region": region,
            "AWS::AccountId": account_id,
        }
        physical = {logical: resource.id for logical, resource in resources.items()}
        return {"Resources": resolved_resources(template, scope_of(template, given, physical))}


def read_stack(cloudformation: Any, name: str) -> Stack | None:
    """The stack of this name, or None if there is none. Raises ClientError for anything else."""
    try:
        found = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
    except ClientError as error:
        if "does not exist" in error.response["Error"].get("Message", ""):
            return None
        raise
    return Stack(
        name=name,
        id=found["StackId"],
        status=found["StackStatus"],
        status_reason=found.get("StackStatusReason", ""),
        outputs={output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", ())},
        parameters={one["ParameterKey"]: one.get("ParameterValue", "") for one in found.get("Parameters", ())},
    )


def resources_of(lab: Lab) -> dict[str, Resource]:
    """The resources of the lab's stack by logical id, as they were stored when it became ready."""
    return {logical: Resource(*pair) for logical, pair in lab.resources.items()}
