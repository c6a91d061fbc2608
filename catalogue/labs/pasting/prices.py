"""The prices by which the resources of a template are charged: a row for each, without amounts of traffic. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from catalogue.base.target_names import EMBEDDED
from catalogue.labs.services.registry import lab_services
from catalogue.patterns.cloudformation.template import Resource, Template
from catalogue.patterns.content.projects.drawing import implicit_apis
from catalogue.patterns.costs.prices import price_book
from catalogue.patterns.costs.standing import HOURS_A_MONTH, standing
from catalogue.patterns.costs.usage import charges
from catalogue.patterns.documents.openapi.drawn_documents import CostRow, Costs
from catalogue.patterns.runs.document import Run, Use
from catalogue.patterns.services.known import services
from catalogue.patterns.services.registry import registry

_SAM = "AWS::Serverless::"


def prices_of(template: Template) -> Costs:
    """Rows in the order of the price list; a price that no resource is charged by has none."""
    book = price_book()
    used: dict[str, list[str]] = {}
    for id, key in _used(template):
        _note(used, key, id)
    hourly: dict[str, list[str]] = {}
    monthly: dict[str, Decimal] = {}
    for one in standing(template):
        if not one.assumed:
            _note(hourly, one.key, one.what)
            monthly[one.key] = monthly.get(one.key, Decimal(0)) + one.per_hour * HOURS_A_MONTH
    rows = []
    for key, price in book.prices.items():
        for found, month in ((used, ""), (hourly, _dollars(monthly.get(key, Decimal(0)) * price.usd / price.per))):
            if key in found:
                rows.append(
                    CostRow(
                        price=key,
                        service=services().by_key[price.service].name,
                        what=price.charged_for,
                        resources=found[key],
                        usd=str(price.usd),
                        unit=price.unit,
                        a_month=month,
                        free_tier=price.free_tier or "",
                        source=price.source,
                        as_of=price.as_of,
                    )
                )
    return Costs(region=book.region, currency=book.currency, rows=rows)


def _used(template: Template) -> Iterator[tuple[str, str]]:
    """Each resource with the keys of the prices of its counted uses: what a run that uses all of them once is charged.

    The APIs that SAM makes for events are resources too.
    """
    whole = _with_implicit(template.as_deployed)
    for id, resource in whole.resources.items():
        uses = tuple(
            Use(service=service, operation=name, resource=id, count=1, units=1) for service, name in _uses(resource)
        )
        if uses:
            for key in dict.fromkeys(key for key, _ in charges(_run(uses), whole)):
                yield id, key or ""


def _uses(resource: Resource) -> Iterator[tuple[str, str]]:
    """Service and operation of each use of this resource that is counted."""
    known = registry().service_of(resource.type)
    for service in lab_services().services if known else ():
        is_counted = resource.type in service.counted or resource.type.startswith(_SAM)
        if known and service.key == known.key and is_counted:
            for name in sorted(service.uses):
                if known.can_be_used is None or known.can_be_used(resource, name):
                    yield service.key, name


def _run(uses: tuple[Use, ...]) -> Run:
    return Run(
        pattern="",
        title="",
        target=EMBEDDED,
        run_hash="",
        recorded_at=datetime(1970, 1, 1, tzinfo=UTC),
        ms=0,
        actions=(),
        events=(),
        uses=uses,
    )


def _with_implicit(template: Template) -> Template:
    made: Mapping[str, Resource] = {id: Resource(id, type, {}, 1, 1) for id, type in implicit_apis(template).items()}
    return replace(template, resources={**template.resources, **made})


def _dollars(usd: Decimal) -> str:
    return f"{usd:.2f}"


def _note(found: dict[str, list[str]], key: str, id: str) -> None:
    if key in price_book().prices and id not in found.setdefault(key, []):
        found[key].append(id)
