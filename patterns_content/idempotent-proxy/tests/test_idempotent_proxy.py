"""Idempotent Proxy's handlers, against real tables: which attempt may claim a key, and what the others get."""

import io
import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import Any

import pytest
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders

from handler_tests import LambdaContext, LoadHandler, LogLines

SLUG = "idempotent-proxy"
TRACE = "Root=1-65000000-000000000000000000000001"
KEY = "8e03978e-40d5-43dd-bc93-6894a57f9324"
REQUEST = {"order": "order-1", "amount_cents": 4200, "currency": "EUR"}


class Raw(io.BytesIO):
    """A body as urllib3 hands it to botocore."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


def refusal(request: AWSPreparedRequest, error: str, *reasons: str, status: int = 400) -> AWSResponse:
    """DynamoDB's answer with this error, as it comes over the wire."""
    body: dict[str, Any] = {"__type": f"com.amazonaws.dynamodb.v20120810#{error}", "message": error}
    if reasons:
        body["CancellationReasons"] = [{"Code": reason} for reason in reasons]
    headers = HTTPHeaders.from_dict({"Content-Type": "application/x-amz-json-1.0"})
    return AWSResponse(request.url, status, headers, Raw(json.dumps(body).encode()))


CONFLICT = ("TransactionCanceledException", "None", "TransactionConflict")


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

    def before(self, operation: str, answer: Callable[[AWSPreparedRequest], AWSResponse | None]) -> list[str]:
        """Let `answer` see each call of an operation as it is sent, and answer in DynamoDB's place if it likes."""
        sent: list[str] = []

        def look(request: AWSPreparedRequest, **_: Any) -> AWSResponse | None:
            sent.append(operation)
            return answer(request)

        self.client.meta.events.register(f"before-send.dynamodb.{operation}", look)
        return sent

    @property
    def client(self) -> Any:
        return sys.modules["idempotency"].dynamodb

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

    @pytest.mark.parametrize("key", [None, "", '""', "short", "x" * 129, "12345678\ud83d"])
    def test_a_missing_or_misfit_key_is_a_400(self, load_handler: LoadHandler, key: str | None) -> None:
        assert self.status(load_handler, key, json.dumps(REQUEST)) == 400

    @pytest.mark.parametrize(
        "changes",
        [
            {"order": ""},
            {"order": 7},
            {"order": "x" * 81},
            {"order": "half a surrogate pair: \ud83d"},
            {"amount_cents": 0},
            {"amount_cents": 1.5},
            {"amount_cents": True},
            {"currency": "XXX"},
            {"currency": ["EUR"]},
        ],
    )
    def test_a_bad_request_is_a_400(self, load_handler: LoadHandler, changes: dict[str, Any]) -> None:
        assert self.status(load_handler, KEY, json.dumps({**REQUEST, **changes})) == 400

    @pytest.mark.parametrize("body", [None, "", "{", "[]", "null", '"abc"', "[" * 100_000])
    def test_a_body_that_is_no_object_is_a_400(self, load_handler: LoadHandler, body: str | None) -> None:
        assert self.status(load_handler, KEY, body) == 400


@pytest.mark.usefixtures("impatient")
def test_while_one_attempt_is_at_work_others_get_a_409_with_retry_after(shop: Shop) -> None:
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


def test_an_expired_record_that_is_still_in_the_table_does_not_count(
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


class TestOtherWritersAtTheSameMoment:
    """AWS refuses a write that meets a transaction on the same item; the embedded AWS never does, so this stands in."""

    def test_a_claim_that_meets_the_owners_transaction_gets_its_answer(self, shop: Shop) -> None:
        first = shop.charge()
        sent = shop.before("PutItem", lambda sent: refusal(sent, "TransactionConflictException"))
        second = shop.charge(owner="two")
        assert len(sent) == 1  # the SDK does not retry it
        assert (second["statusCode"], second["headers"]["Idempotent-Replayed"]) == (201, "true")
        assert second["body"] == first["body"]

    def test_those_who_wait_read_and_write_nothing(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("idempotency.PAUSES", (0.01, 0.01, 0.01))
        shop.claim("one", shop.charges.fingerprint_of(REQUEST))
        consistent: list[bool] = []

        def note(sent: AWSPreparedRequest) -> None:
            assert isinstance(sent.body, bytes)
            consistent.append(json.loads(sent.body)["ConsistentRead"])

        puts, reads = shop.before("PutItem", lambda sent: None), shop.before("GetItem", note)
        assert shop.charge(owner="two")["statusCode"] == 409
        assert (len(puts), len(reads), consistent) == (1, 3, [True] * 3)

    @pytest.mark.usefixtures("impatient")
    def test_a_conflict_with_a_record_that_is_gone_is_a_409(self, shop: Shop) -> None:
        shop.before("PutItem", lambda sent: refusal(sent, "TransactionConflictException"))
        assert shop.charge()["statusCode"] == 409

    def test_the_owner_tries_its_transaction_again_until_the_conflict_is_over(self, shop: Shop) -> None:
        answers = [CONFLICT, CONFLICT]
        sent = shop.before("TransactWriteItems", lambda sent: refusal(sent, *answers.pop()) if answers else None)
        answer = shop.charge()
        assert (answer["statusCode"], answer["headers"]["Idempotent-Replayed"]) == (201, "false")
        # The SDK itself repeats none of them: three tries are three requests.
        assert (len(sent), shop.charged()) == (3, 1)

    @pytest.mark.parametrize(("lease", "fewest", "most"), [("0.31", 1, 3), ("30", 3, 3)])
    def test_a_conflict_that_stays_is_given_up_within_tries_and_lease(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch, lease: str, fewest: int, most: int
    ) -> None:
        monkeypatch.setattr("idempotency.TRIES", 3)
        monkeypatch.setenv("LEASE_SECONDS", lease)
        sent = shop.before("TransactWriteItems", lambda sent: refusal(sent, *CONFLICT))
        answer = shop.charge()
        assert (answer["statusCode"], answer["headers"]["Retry-After"]) == (409, "1")
        assert fewest <= len(sent) <= most
        assert shop.charged() == 0

    def test_past_the_lease_nothing_is_tried_again(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LEASE_SECONDS", "0")
        sent = shop.before("TransactWriteItems", lambda sent: refusal(sent, *CONFLICT))
        assert (shop.charge()["statusCode"], len(sent)) == (409, 1)

    @pytest.mark.parametrize("other", ["ValidationError", "ItemCollectionSizeLimitExceeded"])
    def test_what_another_try_cannot_help_is_raised_at_once(self, shop: Shop, other: str) -> None:
        sent = shop.before("TransactWriteItems", lambda sent: refusal(sent, CONFLICT[0], other, "TransactionConflict"))
        with pytest.raises(shop.client.exceptions.TransactionCanceledException):
            shop.charge()
        assert len(sent) == 1

    def test_a_claim_repeated_by_the_sdk_after_a_lost_answer_is_ours(self, shop: Shop) -> None:
        once: list[bool] = []

        def lose_the_first_answer(sent: AWSPreparedRequest) -> AWSResponse | None:
            if once:
                return None
            once.append(True)
            assert shop.client._endpoint.http_session.send(sent).status_code == 200
            return refusal(sent, "InternalServerError", status=500)

        sent = shop.before("PutItem", lose_the_first_answer)
        answer = shop.charge()
        assert (answer["statusCode"], answer["headers"]["Idempotent-Replayed"]) == (201, "false")
        assert (len(sent), shop.charged()) == (2, 1)

    def test_a_transaction_repeated_by_the_sdk_after_a_lost_answer_has_the_same_token(self, shop: Shop) -> None:
        tokens: list[str] = []

        def lose_the_first_answer(sent: AWSPreparedRequest) -> AWSResponse | None:
            assert isinstance(sent.body, bytes)
            tokens.append(json.loads(sent.body)["ClientRequestToken"])
            if len(tokens) > 1:
                return None
            assert shop.client._endpoint.http_session.send(sent).status_code == 200
            return refusal(sent, "InternalServerError", status=500)

        shop.before("TransactWriteItems", lose_the_first_answer)
        answer = shop.charge()
        assert (answer["statusCode"], answer["headers"]["Idempotent-Replayed"]) == (201, "false")
        assert (len(tokens), len(set(tokens)), shop.charged()) == (2, 1, 1)

    def test_an_invocation_repeated_after_it_was_done_gets_the_stored_answer(self, shop: Shop) -> None:
        first, second = shop.charge(owner="one"), shop.charge(owner="one")
        assert (second["body"], second["headers"]["Idempotent-Replayed"]) == (first["body"], "true")
        assert shop.charged() == 1


@pytest.mark.parametrize("name", ["Idempotency-Key", "idempotency-key", "IDEMPOTENCY-KEY"])
def test_header_names_are_read_in_any_case(shop: Shop, log_lines: LogLines, name: str) -> None:
    event = {"headers": {name: KEY, "x-AMZN-trace-ID": TRACE}, "body": json.dumps(REQUEST)}
    assert shop.charges.handler(event, LambdaContext())["statusCode"] == 201
    assert {line["trace"] for line in log_lines()} == {TRACE}


def test_a_refused_request_leaves_its_key_free(shop: Shop) -> None:
    assert shop.charge(order="\ud83d")["statusCode"] == 400
    assert shop.charge()["headers"]["Idempotent-Replayed"] == "false"


def test_other_members_and_spelling_make_no_other_request(shop: Shop) -> None:
    first = shop.charge()
    second = shop.charge(note="please hurry")
    assert (second["statusCode"], second["body"]) == (201, first["body"])


def test_the_naive_twin_charges_for_every_request(shop: Shop) -> None:
    first, second = shop.charge(function=shop.naive), shop.charge(function=shop.naive)
    assert first["body"] != second["body"]
    assert shop.charged() == 2
    assert shop.charge(function=shop.naive, amount_cents=0)["statusCode"] == 400
    assert shop.charge(function=shop.naive, order="\ud83d")["statusCode"] == 400
