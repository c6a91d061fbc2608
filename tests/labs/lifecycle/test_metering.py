"""A lab's bill over its whole life: as JSON, as a page and as the meter on the page, by the real emulator."""

import json
import time
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from catalogue.labs.edge.client import call_edge
from catalogue.labs.edge.recorder import KEPT_CALLS
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.support import metering
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.targets.embedded import EmbeddedTarget
from catalogue.patterns.costs.bill import EMULATED
from catalogue.patterns.costs.prices import price
from tests.labs.conftest import run
from tests.patterns.support.html import read_page

pytestmark = pytest.mark.django_db(transaction=True)

HTML = {"accept": "text/html"}


@pytest.fixture(autouse=True)
def always_fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "FRESH_SECONDS", {"embedded": 0.0, "aws": 0.0})


def look(lab: Lab, times: int = 1) -> None:
    async def scenario() -> None:
        for _ in range(times):
            await call_edge(lab.pk, "GET", "/look", {})

    run(scenario())


def bill(lab: Lab, query: str = "") -> dict[str, Any]:
    answer = Client().get(f"/labs/{lab.pk}/bill{query}")
    assert answer.status_code == 200, answer.content
    assert answer["Cache-Control"] == "no-store"
    document: dict[str, Any] = json.loads(answer.content)
    return document


def line(document: dict[str, Any], key: str, *, standing: bool = False) -> dict[str, Any]:
    found = (line for line in document["lines"] if (line["price"], line["standing"]) == (key, standing))
    return next(found, {"quantity": "0", "usd": "0"})


def bill_with(lab: Lab, invocations: int) -> dict[str, Any]:
    """The bill once that many invocations stand in it."""
    deadline = time.monotonic() + 60
    while True:
        document = bill(lab)
        if line(document["so_far"], "lambda.requests")["quantity"] == str(invocations):
            return document
        assert time.monotonic() < deadline, document
        time.sleep(0.05)


def test_the_bill_grows_with_what_the_lab_does(lab: Lab) -> None:
    assert bill(lab)["so_far"]["requests"] == 0
    look(lab, 3)
    document = bill_with(lab, 3)
    so_far = document["so_far"]
    assert so_far["requests"] == 3
    assert line(so_far, "apigateway.rest-requests")["usd"] == "0.0000105"
    assert Decimal(line(so_far, "lambda.duration-x86")["quantity"]) > 0
    assert sum(Decimal(one["usd"]) for one in so_far["lines"]) == Decimal(so_far["usd"])
    assert EMULATED in so_far["notes"]
    assert (document["region"], document["currency"], document["target"]) == ("us-east-1", "USD", "embedded")


def test_a_cache_is_billed_for_the_labs_time_and_for_the_whole_month(lab: Lab) -> None:
    document = bill(lab)
    hours = line(document["so_far"], "apigateway.cache-0.5gb", standing=True)
    assert Decimal(hours["quantity"]) == pytest.approx(Decimal(document["seconds"]) / 3600, rel=Decimal("0.01"))
    assert line(document["month"], "apigateway.cache-0.5gb", standing=True)["usd"] == "14.6"


def test_a_month_is_computed_at_the_rate_asked_for(lab: Lab) -> None:
    look(lab, 2)
    bill_with(lab, 2)
    month = bill(lab, "?per_month=3000000")["month"]
    assert (month["per_month"], month["free_tier"]) == (3_000_000, False)
    assert Decimal(line(month, "apigateway.rest-requests")["usd"]) == 3 * price("apigateway.rest-requests").usd
    free = bill(lab, "?per_month=3000000&free_tier=on")["month"]
    assert Decimal(line(free, "lambda.requests")["usd"]) == 2 * price("lambda.requests").usd
    assert Decimal(free["usd"]) < Decimal(month["usd"])


def test_what_was_not_spent_stands_in_the_bill(lab: Lab) -> None:
    async def refused() -> None:
        await call_edge(lab.pk, "POST", "/checked", {}, {})

    look(lab, 1)
    run(refused())
    document = bill_with(lab, 1)
    (line,) = document["so_far"]["avoided"]["lines"]
    assert line["count"] == "1"
    assert "the gateway rejected" in line["what"]
    assert Decimal(document["month"]["avoided"]["usd"]) > Decimal(line["usd"]) > 0


def test_no_request_is_lost_with_the_oldest_calls(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    look(lab, 4)
    EdgeCall.objects.filter(lab=lab).delete()  # as the recorder does with those beyond the newest few hundred
    assert KEPT_CALLS == 500
    assert bill_with(lab, 4)["so_far"]["requests"] == 4


def test_where_the_counts_are_out_of_reach_logs_and_calls_stand_in(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    look(lab, 3)
    bill_with(lab, 3)
    monkeypatch.setattr(EmbeddedTarget, "uses", lambda *_: None)
    so_far = bill(lab)["so_far"]
    assert line(so_far, "lambda.requests")["quantity"] == "3"
    assert line(so_far, "apigateway.rest-requests")["quantity"] == "3"


def test_looking_at_the_bill_costs_nothing_in_it(lab: Lab) -> None:
    look(lab, 1)
    before = bill_with(lab, 1)["so_far"]
    for _ in range(5):
        Client().get(f"/labs/{lab.pk}/bill", headers=HTML)
    after = bill(lab)["so_far"]
    assert [one for one in after["lines"] if not one["standing"]] == [
        one for one in before["lines"] if not one["standing"]
    ]


@pytest.mark.parametrize(
    "query",
    [
        "?per_month=-1",
        "?per_month=many",
        "?per_month=1.5",
        "?per_month=",
        "?per_month=1000000001",
        "?per_month=%D9%A1",
        "?per_month=" + "9" * 5000,
        "?free_tier=perhaps",
        "?free_tier=",
        "?part=everything",
    ],
)
def test_odd_parameters_are_refused_in_both_formats(lab: Lab, query: str) -> None:
    answer = Client().get(f"/labs/{lab.pk}/bill{query}")
    assert (answer.status_code, answer["Content-Type"]) == (422, "application/problem+json")
    page = Client().get(f"/labs/{lab.pk}/bill{query}", headers=HTML)
    assert (page.status_code, page["Content-Type"]) == (422, "text/html; charset=utf-8")


def test_there_is_no_bill_of_no_lab_nor_of_one_that_is_gone(lab: Lab) -> None:
    assert Client().get(f"/labs/{'A' * 22}/bill").status_code == 404
    assert Client().post(f"/labs/{lab.pk}/bill").status_code == 405
    services.delete_lab(lab)
    assert Client().get(f"/labs/{lab.pk}/bill").status_code == 410


def test_the_page_works_by_its_form_alone(lab: Lab) -> None:
    look(lab, 2)
    bill_with(lab, 2)
    answer = Client().get(f"/labs/{lab.pk}/bill?per_month=2000&free_tier=on", headers=HTML)
    page = read_page(answer.content.decode())
    form = next(form for form in page.all("form") if form["action"].startswith(f"/labs/{lab.pk}/bill"))
    assert form["method"] == "get"
    (number,) = page.all("input", name="per_month")
    assert number["value"] == "2000"
    chosen = [radio["value"] for radio in page.all("input", name="free_tier") if "checked" in radio]
    assert chosen == ["on"]
    text = answer.content.decode()
    assert "A month of 2,000 such requests" in text
    assert EMULATED.replace("'", "&#x27;") in text
    assert price("apigateway.rest-requests").source in text
    assert "noindex" in text


def test_the_meter_alone_is_a_fragment(lab: Lab) -> None:
    text = Client().get(f"/labs/{lab.pk}/bill?part=meter").content.decode()
    assert "<html" not in text
    assert "data-meter-figures" in text


def test_a_reading_is_shared_for_a_moment(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metering, "FRESH_SECONDS", {"embedded": 60.0})
    first = metering.lab_run(lab)
    look(lab, 1)
    assert metering.lab_run(lab) is first
    monkeypatch.setattr(metering, "_kept", type(metering._kept)())
    assert metering.lab_run(lab) is not first


def test_a_bill_that_cannot_be_read_is_503_and_the_labs_page_goes_without(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any) -> Any:
        raise OverflowError

    monkeypatch.setattr(EmbeddedTarget, "uses", fail)
    answer = Client().get(f"/labs/{lab.pk}/bill")
    assert (answer.status_code, answer["Content-Type"]) == (503, "application/problem+json")
    assert "Retry-After" in answer
    assert Client().get(f"/labs/{lab.pk}", headers=HTML).status_code == 200
