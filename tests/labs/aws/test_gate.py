"""What stops new labs on AWS: the month's budget, the account's quotas, too many starts. Labs that run go on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from django.test import Client as Browser
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.aws.limits import budget, gate
from catalogue.labs.aws.limits.budget import Spending, judge
from catalogue.labs.aws.limits.gate import AccountGate
from catalogue.labs.aws.limits.quotas import ROLES_PER_LAB, Usage, read_usage, room
from catalogue.labs.lifecycle.limits import LimitReached
from catalogue.labs.models import AwsMonth, Lab
from catalogue.labs.targets.base import TargetDown
from tests.labs.aws.conftest import Client
from tests.labs.aws.on_emulator import AwsOnEmulator

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)
EMPTY = Usage(stacks=0, lab_stacks=0, apis=0, roles=0)


def spent(
    reckoned: str = "0", ended: int = 0, running: int = 0, reported: str | None = None, age: timedelta = timedelta()
) -> Spending:
    figure = None if reported is None else Decimal(reported)
    return Spending(Decimal(reckoned), ended, running, figure, None if reported is None else NOW - age)


@pytest.mark.parametrize(
    ("spending", "stopped"),
    [
        (spent(), False),
        (spent(reported="19.97"), False),
        (spent(reported="19.99"), True),  # less than the reserve for one more is left
        (spent("19.97", ended=1000), False),
        (spent("20", ended=1000), True),
        (spent("10", ended=100, running=98), False),  # each is reckoned at the average, ten cents
        (spent("10", ended=100, running=100), True),
        (spent("1", ended=100, reported="25"), True),  # the higher figure counts
    ],
)
def test_past_the_budget_no_lab_is_made(spending: Spending, stopped: bool) -> None:
    refusal = judge(spending, Decimal(20), reported=False, wanted=1, now=NOW)
    assert (refusal is not None) == stopped
    if refusal is not None:
        assert "$20.00" in refusal.reason
        assert refusal.retry_after == 12 * 3600  # until December


def test_without_a_figure_from_aws_no_lab_is_made() -> None:
    for spending in (spent(), spent(reported="1", age=timedelta(hours=24, seconds=1))):
        refusal = judge(spending, Decimal(20), reported=True, wanted=1, now=NOW)
        assert refusal is not None
        assert refusal.retry_after == 600
    assert judge(spent(reported="1", age=timedelta(hours=24)), Decimal(20), reported=True, wanted=1, now=NOW) is None
    assert judge(spent(), Decimal(20), reported=False, wanted=1, now=NOW) is None


def test_no_budget_is_no_guard() -> None:
    assert judge(spent(reported="1000"), Decimal(0), reported=True, wanted=1, now=NOW) is None


def stub(service: str) -> tuple[Any, Stubber]:
    make: Any = boto3.client
    client = make(service, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    return client, Stubber(client)


def described(amount: str, unit: str = "USD") -> dict[str, Any]:
    spend = {"ActualSpend": {"Amount": amount, "Unit": unit}}
    return {"Budget": {"BudgetName": "labs", "TimeUnit": "MONTHLY", "BudgetType": "COST", "CalculatedSpend": spend}}


@pytest.mark.django_db
def test_aws_budgets_is_asked_every_ten_minutes_and_what_it_said_outlasts_a_failure(settings: Settings) -> None:
    settings.LABS_BUDGET_NAME = "labs"
    sts, sts_stub = stub("sts")
    budgets, budgets_stub = stub("budgets")
    clients = {"sts": sts, "budgets": budgets}

    def read() -> bool:
        return budget.read_if_due(lambda service: clients[service])

    def ten_minutes_later() -> None:
        AwsMonth.objects.update(tried_at=timezone.now() - budget.READ_EVERY - timedelta(seconds=1))

    asked = {"AccountId": "123456789012", "BudgetName": "labs"}
    with sts_stub, budgets_stub:
        for _ in range(4):
            sts_stub.add_response("get_caller_identity", {"Account": "123456789012"})
        budgets_stub.add_response("describe_budget", described("12.5"), asked)
        assert read()
        assert not read()
        assert budget.spending(0).reported == Decimal("12.5")
        for failure in ("AccessDeniedException", "NotFoundException"):
            ten_minutes_later()
            budgets_stub.add_client_error("describe_budget", failure)
            assert not read()
        ten_minutes_later()
        budgets_stub.add_response("describe_budget", described("12.5", "EUR"), asked)
        assert not read()
        assert budget.spending(0).reported == Decimal("12.5")
        budgets_stub.assert_no_pending_responses()


@pytest.mark.django_db
def test_the_budget_of_an_account_is_read(client: Client, settings: Settings) -> None:
    settings.LABS_BUDGET_NAME = "labs"
    limit = {
        "BudgetName": "labs",
        "BudgetType": "COST",
        "TimeUnit": "MONTHLY",
        "BudgetLimit": {"Amount": "20", "Unit": "USD"},
    }
    client("budgets").create_budget(AccountId="123456789012", Budget=limit)
    assert budget.read_if_due(client)
    assert budget.spending(0).reported == 0


@pytest.mark.django_db
def test_labs_that_end_are_added_up() -> None:
    for _ in range(2):
        budget.note_spent(Decimal("0.015"))
    found = budget.spending(3)
    assert (found.reckoned, found.ended, found.running) == (Decimal("0.03"), 2, 3)
    assert found.estimate == Decimal("0.03") + 3 * budget.LEAST_RESERVE


@pytest.mark.parametrize(
    ("usage", "more"),
    [
        (EMPTY, 20),
        (Usage(stacks=18, lab_stacks=18, apis=18, roles=0), 2),
        (Usage(stacks=25, lab_stacks=25, apis=25, roles=0), 0),
        (Usage(stacks=1898, lab_stacks=0, apis=0, roles=0), 2),
        (Usage(stacks=0, lab_stacks=0, apis=569, roles=0), 1),
        (Usage(stacks=0, lab_stacks=0, apis=600, roles=0), 0),
        (Usage(stacks=0, lab_stacks=0, apis=0, roles=950 - 2 * ROLES_PER_LAB), 2),
        (Usage(stacks=0, lab_stacks=0, apis=0, roles=999), 0),
        (Usage(stacks=0, lab_stacks=0, apis=0, roles=4000, roles_quota=5000), 20),
    ],
)
def test_the_tightest_limit_counts(usage: Usage, more: int) -> None:
    assert room(usage, cap=20).more == more


def test_the_account_s_stacks_apis_and_roles_are_counted(client: Client) -> None:
    body = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'
    for name in ("patterns-lab-a-1", "patterns-lab-b-1", "payroll", "patterns-labyrinth"):
        client("cloudformation").create_stack(StackName=name, TemplateBody=body)
    client("cloudformation").delete_stack(StackName="payroll")
    client("apigateway").create_rest_api(name="shop")
    limits, limits_stub = stub("cloudformation")
    limits_stub.add_response("describe_account_limits", {"AccountLimits": [{"Name": "StackLimit", "Value": 300}]})

    class Cloudformation:
        """moto's, which knows no limits, with the limits of the stub."""

        def __getattr__(self, name: str) -> Any:
            return getattr(limits if name == "describe_account_limits" else client("cloudformation"), name)

    with limits_stub:
        usage = read_usage(
            lambda service: Cloudformation() if service == "cloudformation" else client(service), "patterns-lab"
        )
    assert (usage.stacks, usage.lab_stacks, usage.apis) == (3, 2, 1)
    assert usage.stacks_quota == 300
    assert usage.roles_quota == 1000


def reader(usages: list[Usage]) -> Callable[[Any, str], Usage]:
    return lambda client, prefix: usages.pop(0)


def make_labs(count: int, ago: timedelta = timedelta()) -> None:
    now = timezone.now()
    for number in range(count):
        Lab.objects.create(
            pattern="x",
            emulator="aws",
            stack=f"s-{ago}-{number}",
            created_at=now - ago,
            expires_at=now + timedelta(hours=1),
        )


@pytest.mark.django_db
def test_labs_made_since_the_account_was_read_take_its_room(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LABS_AWS_STACKS = 3
    monkeypatch.setattr(gate, "read_usage", reader([EMPTY]))
    account = AccountGate(lambda service: None)
    for number in range(3):
        account.open()(1, 1)
        make_labs(1, ago=-timedelta(milliseconds=number))
    with pytest.raises(LimitReached, match="All 3 labs of this AWS account") as refused:
        account.open()(1, 1)
    assert refused.value.retry_after == 60
    account.open()(1, 0)  # a lease on a shared stack takes none


@pytest.mark.django_db
def test_the_account_is_read_again_after_half_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    usages = [EMPTY, Usage(stacks=0, lab_stacks=0, apis=600, roles=0)]
    monkeypatch.setattr(gate, "read_usage", reader(usages))
    now = 100.0
    monkeypatch.setattr("catalogue.labs.aws.limits.gate.time.monotonic", lambda: now)
    account = AccountGate(lambda service: None)
    account.open()(1, 1)
    now += gate.USAGE_SECONDS - 1
    account.open()(1, 1)
    now += 1
    with pytest.raises(LimitReached, match="600 of 600 REST APIs"):
        account.open()(1, 1)


@pytest.mark.django_db
def test_no_more_labs_are_started_in_an_hour_than_aws_deletes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.LABS_AWS_STARTS_PER_HOUR = 3
    monkeypatch.setattr(timezone, "now", lambda: NOW)
    monkeypatch.setattr(gate, "read_usage", reader([EMPTY]))
    account = AccountGate(lambda service: None)
    make_labs(2, ago=timedelta(minutes=59))
    account.open()(1, 1)
    with pytest.raises(LimitReached, match="3 labs an hour") as refused:
        account.open()(2, 2)
    assert 60 <= refused.value.retry_after <= 61
    make_labs(2, ago=timedelta(minutes=61))  # over an hour ago: they do not count
    account.open()(1, 1)


@pytest.mark.django_db
def test_an_account_that_cannot_be_read_takes_no_lab(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    cloudformation, refused = stub("cloudformation")
    refused.add_client_error("list_stacks", "AccessDenied")
    with refused, pytest.raises(TargetDown, match="cannot be read"):
        AccountGate(lambda service: cloudformation).open()


@pytest.mark.django_db(transaction=True)
def test_a_visitor_is_refused_with_the_reason_and_when_to_come_back(
    on_aws: AwsOnEmulator, content: object, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "read_usage", lambda client, prefix: EMPTY)
    monkeypatch.setattr(on_aws, "gate", lambda: AccountGate(on_aws.client).open())
    monkeypatch.setattr(timezone, "now", lambda: NOW)  # the answer is in seconds to the end of the month
    budget.note_spent(Decimal(settings.LABS_BUDGET_USD))
    answer = Browser().post("/labs/", {"pattern": "postbox"}, headers={"Accept": "application/json"})
    assert answer.status_code == 429
    assert answer["Content-Type"] == "application/problem+json"
    assert "budget for labs on AWS" in answer.json()["detail"]
    assert int(answer["Retry-After"]) == 12 * 3600  # until December
    assert Lab.objects.count() == 0
    page = Browser().post("/labs/", {"pattern": "postbox"}, headers={"Accept": "text/html"})
    assert (page.status_code, page["Retry-After"]) == (429, answer["Retry-After"])
    assert "budget for labs on AWS" in page.content.decode()
