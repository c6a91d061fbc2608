"""The budget guard: past LABS_BUDGET_USD of a month no new lab is made. Labs that run go on to their end.

Two figures are kept for each month, and the higher one counts:

* what AWS Budgets reports for LABS_BUDGET_NAME (late by up to a day: AWS updates it a few times a day),
* what the site itself calculates from the uses of each ended lab and its table of prices, plus a reserve for each lab
  that still runs (early, and a little too high).

The guard fails closed: where LABS_BUDGET_NAME is set and its figure is older than a day, or was never read, no lab is
made. Money that was spent does not come back, and a lab that was refused can be made tomorrow.
https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-managing-costs.html
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.db.models import F
from django.utils import timezone

from catalogue.labs.models import AwsMonth

logger = logging.getLogger(__name__)

READ_EVERY = timedelta(minutes=10)
"""Among all processes of the site together."""
STALE_AFTER = timedelta(hours=24)
LEAST_RESERVE = Decimal("0.02")
"""Dollars set aside for a running lab while no lab of the month has ended: some thousand requests."""


@dataclass(frozen=True)
class Spending:
    """A month as the site knows it, in US dollars."""

    reckoned: Decimal
    """Of labs that have ended, by the site's own prices."""
    ended: int
    running: int
    reported: Decimal | None
    """AWS's own figure."""
    reported_at: datetime | None

    @property
    def reserve(self) -> Decimal:
        """For each running lab: as much as the labs of this month cost on average."""
        return max(LEAST_RESERVE, self.reckoned / self.ended) if self.ended else LEAST_RESERVE

    @property
    def estimate(self) -> Decimal:
        return self.reckoned + self.running * self.reserve

    @property
    def highest(self) -> Decimal:
        return max(self.estimate, self.reported or Decimal(0))


@dataclass(frozen=True)
class Refusal:
    reason: str
    retry_after: int
    """Seconds."""


def judge(spending: Spending, limit: Decimal, *, reported: bool, wanted: int, now: datetime) -> Refusal | None:
    """Whether `wanted` more labs are too many. `reported` says that AWS's figure is asked for. Pure."""
    if limit <= 0:
        return None
    if spending.highest + wanted * spending.reserve > limit:
        return Refusal(
            f"This month's budget for labs on AWS, ${limit:,.2f}, is spent. "
            "Running labs continue. New ones can start next month.",
            seconds_to_next_month(now),
        )
    if reported and (spending.reported_at is None or now - spending.reported_at > STALE_AFTER):
        return Refusal(
            "The cost of the labs so far cannot be read from AWS. No new lab starts without that figure.",
            int(READ_EVERY.total_seconds()),
        )
    return None


def seconds_to_next_month(now: datetime) -> int:
    first = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return int((first - now).total_seconds())


def month_of(moment: datetime) -> str:
    """`2026-11`, in UTC, as AWS's months are."""
    return moment.strftime("%Y-%m")


def spending(running: int) -> Spending:
    row = AwsMonth.objects.filter(pk=month_of(timezone.now())).first()
    if row is None:
        return Spending(Decimal(0), 0, running, None, None)
    return Spending(row.reckoned, row.ended, running, row.reported, row.reported_at)


def note_spent(usd: Decimal) -> None:
    """A lab has ended that cost this much."""
    month = _this_month()
    AwsMonth.objects.filter(pk=month).update(reckoned=F("reckoned") + usd, ended=F("ended") + 1)


def read_if_due(client: Callable[[str], Any]) -> bool:
    """Ask AWS Budgets if no process of the site has tried for ten minutes. True if a figure was read.

    A failure is one log line; the figure that was read before stays until it is a day old.
    """
    if not settings.LABS_BUDGET_NAME:
        return False
    month, now = _this_month(), timezone.now()
    due = AwsMonth.objects.filter(pk=month).exclude(tried_at__gt=now - READ_EVERY)
    if not due.update(tried_at=now):
        return False
    try:
        account = client("sts").get_caller_identity()["Account"]
        found = client("budgets").describe_budget(AccountId=account, BudgetName=settings.LABS_BUDGET_NAME)
        spent = found["Budget"]["CalculatedSpend"]["ActualSpend"]
        if spent["Unit"] != "USD":
            raise ValueError(f"it counts in {spent['Unit']}, not in USD")
        AwsMonth.objects.filter(pk=month).update(reported=Decimal(spent["Amount"]), reported_at=now)
    except (BotoCoreError, ClientError, KeyError, ValueError, ArithmeticError) as error:
        logger.warning("The cost of labs cannot be read from AWS Budgets (%s): %s", settings.LABS_BUDGET_NAME, error)
        return False
    return True


def _this_month() -> str:
    month = month_of(timezone.now())
    AwsMonth.objects.get_or_create(pk=month)
    return month
