"""What a run used, in what AWS's prices count: pure, from the run document and its template."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.costs.prices import price_book
from catalogue.patterns.costs.standing import standing
from catalogue.patterns.runs.document import Request, Run
from catalogue.patterns.services.model import Charge, Part, Service, part_of
from catalogue.patterns.services.registry import registry


@dataclass(frozen=True)
class Quantity:
    """All parts that one price is for."""

    key: str
    parts: tuple[Part, ...]
    standing: bool = False

    @property
    def quantity(self) -> Decimal:
        return sum((part.quantity for part in self.parts), Decimal(0))


@dataclass(frozen=True)
class Usage:
    requests: int
    """Calls of the visitor that reached the gateway, charged or not."""
    quantities: tuple[Quantity, ...]
    """In the order of the price book."""
    unpriced: tuple[str, ...]
    """What was counted and has no price in the book."""


def usage(run: Run, template: Template) -> Usage:
    """Everything that the run used. Counts of the target come first; events stand in where it has none."""
    template = template.as_deployed
    gathered: dict[tuple[str, bool], list[Part]] = {}
    unpriced: list[str] = []
    for key, part in charges(run, template):
        if key in price_book().prices:
            gathered.setdefault((key, False), []).append(part)
        else:
            unpriced.append(f"{part.what}: {part.count}")
    hours = Decimal(str(run.ms)) / 3_600_000
    for one in standing(template):
        if one.assumed:
            continue
        if one.key in price_book().prices:
            part = Part(one.what, 1, one.per_hour * hours, f"for the {seconds(run.ms)} of this run")
            gathered.setdefault((one.key, True), []).append(part)
        else:
            unpriced.append(one.what)
    order = list(price_book().prices)
    quantities = sorted(gathered.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    return Usage(
        requests_of(run),
        tuple(Quantity(key, tuple(parts), stands) for (key, stands), parts in quantities),
        tuple(unpriced),
    )


def charges(run: Run, template: Template) -> Iterator[Charge]:
    """What each service says of the run. What no service knows has no price."""
    known = registry().services
    for service in known:
        if service.charges:
            yield from service.charges(run, template)
    others = {service.key: service for service in known if not service.charges}
    with_charges = {service.key for service in known if service.charges}
    for use in run.uses:
        if use.service not in with_charges:
            used = others.get(use.service)
            key = _key(used, use.operation, use.resource, template)
            if key is not None:
                yield key, part_of(use, used.unit if used else "units")


def _key(service: Service | None, operation: str, resource: str | None, template: Template) -> str | None:
    if service is None or service.price_of is None:
        return ""
    return service.price_of(operation, template.resources.get(resource or ""))


def requests_of(run: Run) -> int:
    """Calls that reached the gateway."""
    calls = {(service.key, name) for service in registry().services for name in service.calls_of_visitors}
    counted = [use.count for use in run.uses if (use.service, use.operation) in calls]
    return sum(counted) if counted else sum(isinstance(event, Request) for event in run.events)


def seconds(ms: float) -> str:
    """`4.2 s`, `12 min`."""
    return f"{ms / 1000:.1f} s" if ms < 120_000 else f"{ms / 60_000:.0f} min"
