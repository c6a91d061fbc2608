"""Idempotent Proxy's handlers, against real tables: who may claim a key, and what everybody else gets."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest

from tests.patterns_content.conftest import LambdaContext, LoadHandler, LogLines

SLUG = "idempotent-proxy"
TRACE = "Root=1-65000000-000000000000000000000001"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
REQUEST = {"order": "order-1", "amount_cents": 4200, "currency": "EUR"}


class Shop:
    """The charges and ledger functions on tables of their own."""

    def __init__(self, load: LoadHandler, make_table: Callable[[str, str], str], aws: str) -> None:
        tables = {"CHARGES_TABLE": make_table(SLUG, "ChargesTable")}
        keys = {"KEYS_TABLE": make_table(SLUG, "KeysTable"), "FAULT": "none"}
        times = {"WINDOW_SECONDS": "86400", "LEASE_SECONDS": "30"}
        at = f"{SLUG}/functions"
        self.charges = load(f"{at}/charges/app.py", AWS_ENDPOINT_URL=aws, **tables, **keys, **times)
        self.ledger = load(f"{at}/ledger/app.py", AWS_ENDPOINT_URL=aws, **tables)
        self.naive = load(f"{at}/naive_charges/app.py", AWS_ENDPOINT_URL=aws, **tables)

    def charge(
        self, key: str | None = KEY, *, function: ModuleType | None = None, owner: str = "one", **changes: Any
    ) -> dict[str, Any]:
        headers = {"X-Amzn-Trace-Id": TRACE} | ({} if key is None else {"Idempotency-Key": key})
        event = {"headers": headers, "body": json.dumps({**REQUEST, **changes})}
        answer: dict[str, Any] = (function or self.charges).handler(event, LambdaContext(owner))
        return answer

    def charged(self, order: str = "order-1") -> int:
        event = {"headers": {}, "pathParameters": {"order": order}}
        body = json.loads(self.ledger.handler(event, LambdaContext())["body"])
        assert body["total_cents"] == 4200 * body["count"]
        return int(body["count"])

    def claim(self, owner: str, fingerprint: str = "same") -> Any:
        return self.charges.claim_or_answer(KEY, fingerprint, owner)

    def complete(self, claim: Any) -> None:
        made, effect = self.charges.charge(REQUEST)
        self.charges.complete(claim, made, effect)


@pytest.fixture
def shop(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Shop:
    return Shop(load_handler, make_table, embedded_aws)


@pytest.fixture
def impatient(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Say 409 at once instead of waiting."""
    monkeypatch.setattr("idempotency.PAUSES", ())


def test_the_same_key_twice_is_one_charge_and_the_same_answer(shop: Shop, log_lines: LogLines) -> None:
    first, second = shop.charge(), shop.charge()
    assert (first["statusCode"], second["statusCode"]) == (201, 201)
    assert first["body"] == second["body"]
    assert first["headers"]["Idempotent-Replayed"] == "false"
    assert second["headers"]["Idempotent-Replayed"] == "true"
    assert shop.charged() == 1
    steps = [(line["step"], line["trace"]) for line in log_lines()[:3]]
    assert steps == [("key.claimed", TRACE), ("charge.made", TRACE), ("charge.replayed", TRACE)]


def test_a_quoted_key_is_the_same_key(shop: Shop) -> None:
    assert shop.charge(f'"{KEY}"')["body"] == shop.charge(KEY)["body"]
    assert shop.charged() == 1


def test_another_key_is_another_charge(shop: Shop) -> None:
    assert shop.charge()["body"] != shop.charge("another-key")["body"]
    assert shop.charged() == 2


def test_eight_at_once_are_one_charge(shop: Shop) -> None:
    with ThreadPoolExecutor(8) as together:
        answers = list(together.map(lambda number: shop.charge(owner=f"owner-{number}"), range(8)))
    assert [answer["statusCode"] for answer in answers] == [201] * 8
    assert len({answer["body"] for answer in answers}) == 1
    assert shop.charged() == 1


def test_the_same_key_with_another_body_is_a_422(shop: Shop) -> None:
    shop.charge()
    assert shop.charge(amount_cents=9900)["statusCode"] == 422
    assert shop.charged() == 1


@pytest.mark.usefixtures("impatient")
def test_another_body_is_a_422_even_while_the_first_is_at_work(shop: Shop) -> None:
    shop.claim("one", "first body")
    assert shop.charge()["statusCode"] == 422


class TestRequestsThatReachNoTable:
    """They are refused before anything is claimed, so their key stays free for a corrected request."""

    def status(self, load: LoadHandler, key: str | None, body: str | None) -> int:
        charges = load(f"{SLUG}/functions/charges/app.py")
        headers = {} if key is None else {"Idempotency-Key": key}
        answer: dict[str, Any] = charges.handler({"headers": headers, "body": body}, LambdaContext())
        assert json.loads(answer["body"])["title"]
        return int(answer["statusCode"])

    @pytest.mark.parametrize("key", [None, "", '""', "short", "x" * 129])
    def test_a_missing_or_misfit_key_is_a_400(self, load_handler: LoadHandler, key: str | None) -> None:
        assert self.status(load_handler, key, json.dumps(REQUEST)) == 400

    @pytest.mark.parametrize(
        "changes",
        [
            {"order": ""},
            {"order": 7},
            {"order": "x" * 81},
            {"amount_cents": 0},
            {"amount_cents": 1.5},
            {"amount_cents": True},
            {"currency": "XXX"},
            {"currency": ["EUR"]},
        ],
    )
    def test_a_bad_request_is_a_400(self, load_handler: LoadHandler, changes: dict[str, Any]) -> None:
        assert self.status(load_handler, KEY, json.dumps({**REQUEST, **changes})) == 400

    @pytest.mark.parametrize("body", [None, "", "{", "[]", "null"])
    def test_a_body_that_is_no_object_is_a_400(self, load_handler: LoadHandler, body: str | None) -> None:
        assert self.status(load_handler, KEY, body) == 400


@pytest.mark.usefixtures("impatient")
def test_while_somebody_is_at_work_others_are_told_when_to_come_back(shop: Shop) -> None:
    fingerprint = shop.charges.fingerprint_of(REQUEST)
    shop.claim("one", fingerprint)
    answer = shop.charge(owner="two")
    assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (409, "1")
    assert shop.charged() == 0


@pytest.mark.usefixtures("impatient")
def test_a_dead_attempts_key_is_taken_over_once_its_lease_is_over(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEASE_SECONDS", "0")
    shop.claim("dead", shop.charges.fingerprint_of(REQUEST))
    answer = shop.charge(owner="two")
    assert (answer["statusCode"], answer["headers"]["Idempotent-Replayed"]) == (201, "false")
    assert shop.charged() == 1


@pytest.mark.usefixtures("impatient")
def test_a_dead_attempts_key_is_not_taken_over_for_another_request(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEASE_SECONDS", "0")
    shop.claim("dead", "another request")
    assert shop.charge(owner="two")["statusCode"] == 422


@pytest.mark.usefixtures("impatient")
def test_a_slow_attempt_that_was_taken_over_charges_nothing(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEASE_SECONDS", "0")
    slow, fast = shop.claim("slow"), shop.claim("fast")
    with pytest.raises(shop.charges.InProgress):
        shop.complete(slow)
    assert shop.charged() == 0
    shop.complete(fast)
    assert shop.charged() == 1


@pytest.mark.usefixtures("impatient")
def test_a_slow_attempt_cannot_complete_after_the_other_has(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEASE_SECONDS", "0")
    slow, fast = shop.claim("slow"), shop.claim("fast")
    shop.complete(fast)
    with pytest.raises(shop.charges.InProgress):
        shop.complete(slow)
    assert shop.charged() == 1


def test_a_crash_after_the_claim_leaves_nothing_charged(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setenv("FAULT", "crash-after-claim")
    monkeypatch.setattr("os._exit", die)
    with pytest.raises(SystemExit):
        shop.charge()
    assert shop.charged() == 0


def test_an_expired_record_that_still_lies_in_the_table_counts_for_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WINDOW_SECONDS", "0")
    first, second = shop.charge(), shop.charge()
    assert second["headers"]["Idempotent-Replayed"] == "false"
    assert first["body"] != second["body"]
    assert shop.charged() == 2


def test_an_expired_key_may_be_used_for_another_request(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDOW_SECONDS", "0")
    shop.charge()
    assert shop.charge(amount_cents=8400)["statusCode"] == 201


def test_a_waiting_attempt_gets_the_answer_as_soon_as_it_is_there(shop: Shop) -> None:
    mine = shop.claim("one", shop.charges.fingerprint_of(REQUEST))
    with ThreadPoolExecutor(1) as beside:
        waiting = beside.submit(shop.charge, owner="two")
        shop.complete(mine)
        answer = waiting.result()
    assert (answer["statusCode"], answer["headers"]["Idempotent-Replayed"]) == (201, "true")
    assert shop.charged() == 1


def test_the_naive_twin_charges_for_every_request(shop: Shop) -> None:
    first, second = shop.charge(function=shop.naive), shop.charge(function=shop.naive)
    assert first["body"] != second["body"]
    assert shop.charged() == 2
    assert shop.charge(function=shop.naive, amount_cents=0)["statusCode"] == 400
