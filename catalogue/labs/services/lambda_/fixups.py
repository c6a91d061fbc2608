"""What the emulator's CloudFormation drops from functions: limits of concurrency. What it leaves: their workers.

Found with MiniStack 1.5.33 and checked by tests/labs/embedded/fixes/test_fixups.py: drop a part here once the test
passes without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from catalogue.labs.services.deployed import number, of_type
from catalogue.labs.services.lambda_.types import FUNCTION, MAPPING, SAM_FUNCTION
from catalogue.labs.services.model import ClientOf, Template

if TYPE_CHECKING:  # see `services.model`
    from catalogue.labs.targets.base import Resources


def restore(client: ClientOf, template: Template, resources: Resources) -> None:
    for logical, properties in of_type(template, SAM_FUNCTION, FUNCTION):
        reserved = number(logical, properties, "ReservedConcurrentExecutions")
        if reserved is not None:
            client("lambda").put_function_concurrency(
                FunctionName=resources[logical].id, ReservedConcurrentExecutions=reserved
            )
    for logical, properties in of_type(template, MAPPING):
        maximum = number(logical, properties.get("ScalingConfig") or {}, "MaximumConcurrency")
        if maximum is not None:
            client("lambda").update_event_source_mapping(
                UUID=resources[logical].id, ScalingConfig={"MaximumConcurrency": maximum}
            )


def end_workers(client: ClientOf, resources: Resources) -> None:
    """Delete a stack's functions: deleting only the stack leaves their worker processes alive."""
    functions = client("lambda")
    for resource in resources.values():
        if resource.type == FUNCTION:
            try:
                functions.delete_function(FunctionName=resource.id)
            except functions.exceptions.ResourceNotFoundException:
                continue
