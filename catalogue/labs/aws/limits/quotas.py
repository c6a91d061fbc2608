"""How many more labs the account holds: the operator's own cap, and AWS's quotas for what every lab needs.

Fixed and default quotas, read 2026-11-30:
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html
https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

REGIONAL_APIS = 600
"""Regional REST APIs of an account in a Region; AWS does not raise it."""
SECONDS_PER_DELETED_API = 30
"""DeleteRestApi: one call every 30 seconds and account, fixed. No account can lose more than 120 labs an hour."""
STACKS = 2000
ROLES = 1000
ROLES_PER_LAB = 8
"""The most that a lab of the catalogue makes, rounded up; tests/labs/aws holds the catalogue to it."""
_SPARE = 0.05
"""What is left for others of the account, as a share of each quota."""

_LIVE_STATUSES = [
    "CREATE_IN_PROGRESS",
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "ROLLBACK_IN_PROGRESS",
    "ROLLBACK_COMPLETE",
    "ROLLBACK_FAILED",
    "DELETE_IN_PROGRESS",
    "DELETE_FAILED",
    "UPDATE_IN_PROGRESS",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "UPDATE_ROLLBACK_FAILED",
]


@dataclass(frozen=True)
class Usage:
    """What the account holds now, and its quotas, where AWS reports them."""

    stacks: int
    """Of everybody."""
    lab_stacks: int
    """Of all sites that share LABS_STACK_PREFIX, also those that are being deleted."""
    apis: int
    roles: int
    stacks_quota: int = STACKS
    apis_quota: int = REGIONAL_APIS
    roles_quota: int = ROLES


@dataclass(frozen=True)
class Room:
    """How many more labs there may be, and what limits them."""

    more: int
    reason: str


def room(usage: Usage, cap: int) -> Room:
    """The tightest of the operator's cap (LABS_AWS_STACKS) and the quotas. Pure."""
    return min(_rooms(usage, cap), key=lambda one: one.more)


def _rooms(usage: Usage, cap: int) -> Iterator[Room]:
    yield Room(max(0, cap - usage.lab_stacks), f"All {cap} labs of this AWS account are taken.")
    for held, quota, each, name in (
        (usage.stacks, usage.stacks_quota, 1, "stacks"),
        (usage.apis, usage.apis_quota, 1, "REST APIs"),
        (usage.roles, usage.roles_quota, ROLES_PER_LAB, "IAM roles"),
    ):
        free = quota - int(quota * _SPARE) - held
        yield Room(
            max(0, free // each), f"The AWS account has {held} of {quota} {name}, which leaves no room for a lab."
        )


def read_usage(client: Callable[[str], Any], stack_prefix: str) -> Usage:
    """Ask AWS: four calls and their pages, none of which costs money. Raises ClientError, BotoCoreError."""
    stacks = lab_stacks = 0
    pages = client("cloudformation").get_paginator("list_stacks").paginate(StackStatusFilter=_LIVE_STATUSES)
    for page in pages:
        for stack in page["StackSummaries"]:
            stacks += 1
            lab_stacks += stack["StackName"].startswith(f"{stack_prefix}-")
    apis = client("apigateway").get_paginator("get_rest_apis").paginate(PaginationConfig={"PageSize": 500})
    limits = {
        limit["Name"]: limit["Value"]
        for limit in client("cloudformation").describe_account_limits().get("AccountLimits", ())
    }
    roles = client("iam").get_account_summary().get("SummaryMap", {})
    return Usage(
        stacks=stacks,
        lab_stacks=lab_stacks,
        apis=sum(len(page.get("items", ())) for page in apis),
        roles=roles.get("Roles", 0),
        stacks_quota=limits.get("StackLimit", STACKS),
        roles_quota=roles.get("RolesQuota", ROLES),
    )
