"""User pools in labs: how many users they have, and the counting of active users."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.counting.usage_caller import patch_when_used
from catalogue.labs.services.contents import MOST_ENTRIES, Contents, Entry, bounded
from catalogue.labs.services.model import ClientOf, LabService

if TYPE_CHECKING:  # see `model`
    from catalogue.labs.targets.base import Target

POOL = "AWS::Cognito::UserPool"
_MOST_KNOWN = 20_000


def count_users(client: ClientOf, pool: str) -> Mapping[str, int]:
    """Counted in a list: DescribeUserPool's figure is an estimate."""
    pages = client("cognito-idp").get_paginator("list_users").paginate(UserPoolId=pool)
    return {"users": sum(len(page["Users"]) for page in pages)}


def users(target: Target, pool: str) -> Contents:
    page = target.client("cognito-idp").list_users(UserPoolId=pool, Limit=MOST_ENTRIES)
    entries = (Entry(user["Username"], facts=(user["UserStatus"].lower(),)) for user in page["Users"])
    return bounded("Users", entries, more="PaginationToken" in page)


def count(counter: Counter) -> None:
    """A user is charged once in a month, however often they sign in: https://aws.amazon.com/cognito/pricing/"""
    patch_when_used("cognito", lambda module: _count_users(counter, module))


def _count_users(counter: Counter, cognito: Any) -> None:
    result: Callable[..., Any] = cognito._build_auth_result
    known: OrderedDict[tuple[str, str], None] = OrderedDict()

    def result_counting(pool_id: str, client_id: str, user: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        key = (pool_id, str(user.get("Username", "")))
        if key not in known:
            known[key] = None
            counter.add("cognito", pool_id, "ActiveUser")
        if len(known) > _MOST_KNOWN:
            known.popitem(last=False)
        return result(pool_id, client_id, user, *args, **kwargs)

    cognito._build_auth_result = result_counting


SERVICE = LabService(
    key="cognito",
    gauges={POOL: count_users},
    contents={POOL: users},
    levels=("users",),
    counted=(POOL,),
    uses=frozenset({"ActiveUser"}),
    count=count,
)
