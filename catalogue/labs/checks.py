"""System checks of the labs' settings: what would only show once a visitor presses *Run it* is told at the start."""

import re
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_PREFIX = re.compile(r"[a-z]([a-z0-9-]{0,20}[a-z0-9])?")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
_POLICY = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/\S+")
_FEWEST_WORKERS = 10
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def check_labs(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return [*_limits(), *_names(), *(_aws() if settings.LABS_TARGET == "aws" else ())]


def _limits() -> Iterator[CheckMessage]:
    if settings.LABS_PER_VISITOR > settings.LABS_PER_MACHINE:
        yield Error(
            f"LABS_PER_VISITOR={settings.LABS_PER_VISITOR} is more than LABS_PER_MACHINE={settings.LABS_PER_MACHINE}.",
            hint="Let one visitor have fewer labs than the machine.",
            id="labs.E001",
        )
    if settings.LABS_IDLE_SECONDS > settings.LABS_LIFETIME_SECONDS:
        yield Warning(
            "LABS_IDLE_SECONDS is longer than LABS_LIFETIME_SECONDS, so no lab is ever idle.",
            hint="Make the idle time the shorter one.",
            id="labs.W001",
        )
    if settings.LABS_LIVE_WORKERS < _FEWEST_WORKERS:
        yield Error(
            f"LABS_LIVE_WORKERS={settings.LABS_LIVE_WORKERS} is less than one lab may need at a time.",
            hint=f"Allow at least {_FEWEST_WORKERS} processes of functions.",
            id="labs.E008",
        )
    if settings.LABS_BURST < settings.LABS_REQUESTS_PER_SECOND:
        yield Error(
            f"LABS_BURST={settings.LABS_BURST} is less than LABS_REQUESTS_PER_SECOND.",
            hint="A second's worth of requests must fit into one burst.",
            id="labs.E002",
        )


def _names() -> Iterator[CheckMessage]:
    if not _PREFIX.fullmatch(settings.LABS_STACK_PREFIX):
        yield Error(
            f"LABS_STACK_PREFIX={settings.LABS_STACK_PREFIX!r} cannot begin the name of a stack and of a bucket.",
            hint="Write up to 22 lower-case letters, digits and hyphens, a letter first.",
            id="labs.E003",
        )


def _aws() -> Iterator[CheckMessage]:
    if not _REGION.fullmatch(settings.AWS_REGION):
        yield Error(
            f"AWS_REGION={settings.AWS_REGION!r} is no region.",
            hint="Write one like eu-central-1.",
            id="labs.E004",
        )
    patterns = {
        "LABS_ROLE_ARN": (_ROLE, "arn:aws:iam::123456789012:role/labs"),
        "LABS_PERMISSIONS_BOUNDARY": (_POLICY, "arn:aws:iam::123456789012:policy/labs-boundary"),
        "LABS_BUCKET": (_BUCKET, "my-labs-artifacts"),
    }
    for number, (name, (pattern, example)) in enumerate(patterns.items(), 5):
        value = getattr(settings, name)
        if value and not pattern.fullmatch(value):
            yield Error(
                f"{name}={value!r} is not as AWS writes it.",
                hint=f"Write one like {example}.",
                id=f"labs.E00{number}",
            )
    if not settings.LABS_PERMISSIONS_BOUNDARY:
        yield Warning(
            "Labs on real AWS make roles, and LABS_PERMISSIONS_BOUNDARY is not set.",
            hint="Name a policy that no role of a lab may exceed.",
            id="labs.W002",
        )
