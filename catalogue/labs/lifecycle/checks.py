"""System checks of the labs' settings: what would only show once a visitor presses *Run it* is told at the start."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from catalogue.base.target_names import EMBEDDED
from catalogue.labs.aws.checks import check_aws

if TYPE_CHECKING:
    from catalogue.labs.services.model import LabService

_PREFIX = re.compile(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?")
_ENDPOINT = re.compile(r"https?://([\w.-]+|\[[0-9a-f:]+\])(:\d{1,5})?", re.IGNORECASE)
_FEWEST_WORKERS = 10


def check_labs(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*_limits(), *_names(), *_endpoints(), *_services(), *check_aws()]


def _services() -> Iterator[CheckMessage]:
    """What a service declares on the content's side is what its module on the labs' side has, and nothing else."""
    from catalogue.labs.services.registry import lab_services  # both load what not each process needs
    from catalogue.patterns.services.registry import registry

    content, labs = registry().services, lab_services().services
    unknown = {service.key for service in labs} - {service.key for service in content}
    for key in sorted(unknown):
        yield _one_sided(f"Labs have a service `{key}`, which catalogue/patterns/services/ does not have.")
    for what, verb in (("operation", "perform"), ("measure", "read"), ("level", "read")):
        declared = {(one.key, name) for one in content for name in getattr(one, f"{what}s")}
        done = {(one.key, name) for one in labs if one.key not in unknown for name in _done(one, what)}
        for key, name in sorted(declared - done):
            yield _one_sided(f"The service `{key}` declares the {what} `{name}`, which no lab can {verb}.")
        for key, name in sorted(done - declared):
            yield _one_sided(f"Labs can {verb} `{name}` of `{key}`, which that service does not declare.")

    yield from _unpriced(labs)


def _done(service: LabService, what: str) -> Iterator[str]:
    match what:
        case "operation":
            yield from service.operations
        case "measure":
            yield from (*service.measures, *service.log_measures)
        case _:
            yield from service.levels


def _unpriced(labs: Iterable[LabService]) -> Iterator[CheckMessage]:
    """What is counted has a price, or is known to be free: a bill would name it and no amount."""
    # As above.
    from catalogue.patterns.cloudformation.template import read_template
    from catalogue.patterns.costs.usage import charges
    from catalogue.patterns.runs.document import Run, Use

    empty = read_template(Path("template.yaml"), "Resources: {}")
    for service in labs:
        for operation in sorted(service.uses):
            use = Use(service=service.key, operation=operation, resource=None, count=1, units=1)
            run = Run(
                pattern="any",
                title="One use",
                target=EMBEDDED,
                run_hash="",
                recorded_at=datetime.now(UTC),
                ms=0,
                actions=(),
                events=(),
                uses=(use,),
            )
            if any(key == "" for key, _ in charges(run, empty)):
                yield _one_sided(f"Labs count `{operation}` of `{service.key}`, for which that service has no price.")


def _one_sided(what: str) -> Error:
    return Error(
        what,
        hint="A service has one module in catalogue/patterns/services/ and one in catalogue/labs/services/. Declare it "
        "in both, or in neither.",
        id="labs.E017",
    )


def _limits() -> Iterator[CheckMessage]:
    if settings.LABS_PER_VISITOR > settings.LABS_PER_MACHINE:
        yield Error(
            f"LABS_PER_VISITOR={settings.LABS_PER_VISITOR} is more than LABS_PER_MACHINE={settings.LABS_PER_MACHINE}.",
            hint="Set LABS_PER_VISITOR to LABS_PER_MACHINE or less.",
            id="labs.E001",
        )
    if settings.LABS_IDLE_SECONDS > settings.LABS_LIFETIME_SECONDS:
        yield Warning(
            "LABS_IDLE_SECONDS is longer than LABS_LIFETIME_SECONDS, so no lab is ever idle.",
            hint="Set LABS_IDLE_SECONDS to less than LABS_LIFETIME_SECONDS.",
            id="labs.W001",
        )
    if settings.LABS_LIVE_WORKERS < _FEWEST_WORKERS:
        yield Error(
            f"LABS_LIVE_WORKERS={settings.LABS_LIVE_WORKERS} is less than what one lab may need at a time.",
            hint=f"Allow at least {_FEWEST_WORKERS} function processes.",
            id="labs.E008",
        )
    if settings.LABS_BURST < settings.LABS_REQUESTS_PER_SECOND:
        yield Error(
            f"LABS_BURST={settings.LABS_BURST} is less than LABS_REQUESTS_PER_SECOND.",
            hint="Set LABS_BURST to at least LABS_REQUESTS_PER_SECOND: one second of requests must fit into one burst.",
            id="labs.E002",
        )


def _names() -> Iterator[CheckMessage]:
    if not _PREFIX.fullmatch(settings.LABS_STACK_PREFIX):
        yield Error(
            f"LABS_STACK_PREFIX={settings.LABS_STACK_PREFIX!r} cannot begin the name of a stack and of a bucket.",
            hint="Write up to 22 lower-case letters, digits and hyphens, starting with a letter.",
            id="labs.E003",
        )


def _endpoints() -> Iterator[CheckMessage]:
    for url in settings.LABS_ENDPOINTS:
        if not _ENDPOINT.fullmatch(url):
            yield Error(
                f"LABS_ENDPOINTS has {url!r}, which is not the address of an emulator.",
                hint="Write comma-separated addresses such as http://10.0.0.5:4566.",
                id="labs.E009",
            )
    if len(set(settings.LABS_ENDPOINTS)) < len(settings.LABS_ENDPOINTS):
        yield Error(
            "LABS_ENDPOINTS lists an emulator twice.",
            hint="List each address once: labs are counted by emulator address.",
            id="labs.E010",
        )
