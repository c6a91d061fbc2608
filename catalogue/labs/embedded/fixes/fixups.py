"""What the emulator's CloudFormation drops without a word, put back with each service's own API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from catalogue.labs.services.model import ClientOf
from catalogue.labs.services.registry import lab_services

if TYPE_CHECKING:
    from catalogue.labs.targets.base import Resources


def restore_dropped_properties(client: ClientOf, template: Mapping[str, Any], resources: Resources) -> None:
    """Make the stack what its template says: as processed, with parameters, conditions and physical ids put in.

    May run twice. Raises ClientError, and ValueError where a property has a value of another kind.
    """
    for service in lab_services().services:
        if service.restore is not None:
            service.restore(client, template, resources)
