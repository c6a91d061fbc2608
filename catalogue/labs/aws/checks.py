"""System checks of the settings for real AWS: `check_aws` at every start, `check_aws_deploy` with `check --deploy`."""

import os
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning

from catalogue.base.target_names import AWS

_REGION = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_ROLE = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/\S+")
_POLICY = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/\S+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_SITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9 +=._:/@-]{0,127}")
"""What a tag's value may hold: https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html"""
_EXTERNAL_ID = re.compile(r"[\w+=,.@:/-]{2,1224}")
"""https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html"""
_SANDBOX = "Deploy infra/sandbox.yaml, which creates one, and set the values of its outputs."
_FORMS = (
    ("LABS_ROLE_ARN", _ROLE, "arn:aws:iam::123456789012:role/patterns-lab-cloudformation", "labs.E005"),
    ("LABS_PERMISSIONS_BOUNDARY", _POLICY, "arn:aws:iam::123456789012:policy/patterns-lab-boundary", "labs.E006"),
    ("LABS_BUCKET", _BUCKET, "patterns-lab-123456789012-eu-central-1", "labs.E007"),
    ("LABS_ASSUME_ROLE_ARN", _ROLE, "arn:aws:iam::123456789012:role/patterns-lab-site", "labs.E011"),
    ("LABS_AWS_SITE", _SITE, "patterns.example.org", "labs.E012"),
    ("LABS_EXTERNAL_ID", _EXTERNAL_ID, "a long random value of letters and digits", "labs.E016"),
)


def check_aws() -> list[CheckMessage]:
    """Settings that are wrong on any site."""
    if settings.LABS_TARGET == AWS:
        return [*_forms(), *_limits(), *_boundary()]
    return list(_elsewhere())


def check_aws_deploy(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """What strangers could do harm without."""
    return [*_needed(), *_advised()] if settings.LABS_TARGET == AWS else []


def _forms() -> Iterator[CheckMessage]:
    if not _REGION.fullmatch(settings.AWS_REGION):
        yield Error(
            f"AWS_REGION={settings.AWS_REGION!r} is not a region.", hint="Write one like eu-central-1.", id="labs.E004"
        )
    for name, form, example, id in _FORMS:
        value = getattr(settings, name)
        if value and not form.fullmatch(value):
            shown = "" if name == "LABS_EXTERNAL_ID" else f"={value!r}"
            yield Error(f"{name}{shown} is not in AWS's format.", hint=f"Write one like {example}.", id=id)
    if not settings.LABS_AWS_SITE and _is_loopback(settings.SITE_URL):
        yield Error(
            f"SITE_URL={settings.SITE_URL!r} does not distinguish this site from others in the AWS account.",
            hint="Set LABS_AWS_SITE to a name that no other site in the account has. It identifies leftovers.",
            id="labs.E013",
        )


def _is_loopback(url: str) -> bool:
    try:
        return urlsplit(url).hostname in (None, "localhost", "127.0.0.1", "::1")
    except ValueError:
        return True


def _limits() -> Iterator[CheckMessage]:
    if settings.LABS_AWS_STACKS < 2:
        yield Error(
            f"LABS_AWS_STACKS={settings.LABS_AWS_STACKS} leaves no room for a comparison, which needs two.",
            hint="Allow at least 2 stacks.",
            id="labs.E014",
        )
    if settings.LABS_SHARED_STACKS and settings.LABS_SHARED_HOURS * 3600 <= 2 * settings.LABS_LIFETIME_SECONDS:
        yield Error(
            f"A shared stack of LABS_SHARED_HOURS={settings.LABS_SHARED_HOURS} ends before a lab on it can end.",
            hint="Make shared stacks live longer than twice LABS_LIFETIME_SECONDS: a lab can be extended once.",
            id="labs.E015",
        )


def _boundary() -> Iterator[CheckMessage]:
    if not settings.LABS_PERMISSIONS_BOUNDARY:
        yield Warning(
            "Labs on AWS create roles, and LABS_PERMISSIONS_BOUNDARY is not set.",
            hint="Set it to a policy that no role of a lab may exceed. " + _SANDBOX,
            id="labs.W002",
        )


def _elsewhere() -> Iterator[CheckMessage]:
    if settings.LABS_SHARED_STACKS:
        yield Warning(
            "LABS_SHARED_STACKS has no effect on the embedded AWS, where each visitor gets a stack in a moment.",
            hint="Unset it, or set LABS_TARGET=aws.",
            id="labs.W003",
        )


def _needed() -> Iterator[CheckMessage]:
    if not settings.LABS_PERMISSIONS_BOUNDARY:
        yield Error(
            "LABS_PERMISSIONS_BOUNDARY is not set: a lab's roles can do everything that its template allows.",
            hint=_SANDBOX,
            id="labs.E020",
        )
    if not settings.LABS_ROLE_ARN:
        yield Error(
            "LABS_ROLE_ARN is not set: CloudFormation creates labs with all the permissions of the site.",
            hint=_SANDBOX,
            id="labs.E021",
        )
    if not settings.LABS_BUDGET_USD:
        yield Error(
            "LABS_BUDGET_USD=0: no limit stops new labs when they become expensive.",
            hint="Set the amount in US dollars that labs may cost per month.",
            id="labs.E022",
        )


def _advised() -> Iterator[CheckMessage]:
    if not settings.LABS_ASSUME_ROLE_ARN:
        yield Warning(
            "LABS_ASSUME_ROLE_ARN is not set: the site works with its own long-lived credentials.",
            hint="Let it assume a role in an account that is used only for labs. " + _SANDBOX,
            id="labs.W020",
        )
    elif not settings.LABS_EXTERNAL_ID:
        yield Warning(
            "LABS_EXTERNAL_ID is not set.",
            hint="Require one in the role's trust policy, as infra/sandbox.yaml does.",
            id="labs.W021",
        )
    if not settings.LABS_BUDGET_NAME:
        yield Warning(
            "LABS_BUDGET_NAME is not set: the budget guard sees only the site's own figures.",
            hint="Set it to a budget in AWS Budgets, which also counts what the site does not see. " + _SANDBOX,
            id="labs.W022",
        )
    if "AWS_REGION" not in os.environ:
        yield Warning(
            f"AWS_REGION is not set, so labs go to {settings.AWS_REGION}.",
            hint="Set it to the region of the sandbox, even if it is this one.",
            id="labs.W023",
        )
