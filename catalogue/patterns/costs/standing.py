"""What a template costs by the hour, whether it is called or not."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.services.model import HOURS_A_MONTH, Standing
from catalogue.patterns.services.registry import registry

__all__ = ["HOURS_A_MONTH", "Standing", "standing"]


def standing(template: Template) -> tuple[Standing, ...]:
    """What each service says of its resources, and of the event sources that poll them, in the order of the file."""
    return tuple(_standing(template.as_deployed))


def _standing(template: Template) -> Iterator[Standing]:
    known = registry()
    for resource in template.resources.values():
        service = known.service_of(resource.type)
        if service and service.standing:
            yield from service.standing(template, resource)
        if service and service.polls:
            for name, id in service.polls(template, resource):
                polled = template.resources.get(id)
                source = known.service_of(polled.type) if polled else None
                if polled and source and source.polled:
                    yield from source.polled(template, polled, name)
