"""Archives of events: the emulator has them, and its CloudFormation does not know their type.

The template is deployed with a resource in their place that keeps their properties. From these they are made after the
deployment. Found with MiniStack 1.5.33.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

from catalogue.labs.services.deployed import of_type
from catalogue.labs.services.model import ClientOf, Template

if TYPE_CHECKING:  # see `services.model`
    from catalogue.labs.targets.base import Resources

ARCHIVE = "AWS::Events::Archive"
_IN_PLACE = "AWS::CloudFormation::WaitConditionHandle"
_KEPT = "Archive"
_BUS = "AWS::Events::EventBus"


def adapt(resource: dict[str, Any]) -> None:
    if resource["Type"] == ARCHIVE:
        resource["Type"] = _IN_PLACE
        resource["Properties"] = {_KEPT: resource.get("Properties") or {}}


def restore(client: ClientOf, template: Template, resources: Resources) -> None:
    events = client("events")
    for logical, properties in of_type(template, _IN_PLACE):
        archive = properties.get(_KEPT)
        if archive is None:
            continue
        asked = {
            "ArchiveName": archive.get("ArchiveName") or _name(logical, resources[logical].id),
            "EventSourceArn": _arn(client, archive["SourceArn"], resources),
            "RetentionDays": int(archive.get("RetentionDays", 0)),
        }
        with contextlib.suppress(events.exceptions.ResourceAlreadyExistsException):  # it ran before
            events.create_archive(**asked)


def _arn(client: ClientOf, source: Any, resources: Resources) -> str:
    """`!GetAtt Bus.Arn` is the one attribute that the deployed template still has as it was written."""
    named = source.get("Fn::GetAtt") if isinstance(source, dict) else None
    if named is None:
        return str(source)
    bus = named.partition(".")[0] if isinstance(named, str) else named[0]
    return str(client("events").describe_event_bus(Name=resources[bus].id)["Arn"])


def delete_archives(client: ClientOf, resources: Resources) -> None:
    """What was made beside the stack is not deleted with it."""
    events = client("events")
    for bus in (resource for resource in resources.values() if resource.type == _BUS):
        with contextlib.suppress(events.exceptions.ResourceNotFoundException):
            arn = events.describe_event_bus(Name=bus.id)["Arn"]
            for archive in events.list_archives(EventSourceArn=arn)["Archives"]:
                events.delete_archive(ArchiveName=archive["ArchiveName"])


def _name(logical: str, physical: str) -> str:
    """At most 48 characters, as an archive's name may have."""
    return f"{logical}-{physical[-12:]}".replace("/", "-").replace(":", "-")[-48:]
