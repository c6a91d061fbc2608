"""Human Approval's handlers, against real tables and executions that wait: which click counts, and what others hear."""

import json
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines, client

SLUG = "human-approval"
ROLE = "arn:aws:iam::000000000000:role/any"
_runs = count(1)


class Killed(BaseException):
    """Stands for the end of the process. No handler catches it."""


@pytest.fixture(autouse=True)
def kill_at(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Let `os._exit` raise, and choose the point at which a process dies."""

    def end(code: int) -> None:
        raise Killed(code)

    monkeypatch.setattr("os._exit", end)
    return lambda point: monkeypatch.setenv("DIES", point)


def definition(queue: str, seconds: int) -> str:
    """A state machine that waits as the pattern's does. It hands its token to a queue, where the tests find it."""
    waits = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
        "Arguments": {"QueueUrl": queue, "MessageBody": "{% $states.context.Task.Token %}"},
        "TimeoutSeconds": seconds,
        "Catch": [{"ErrorEquals": ["States.Timeout"], "Assign": {"decision": "none"}, "Next": "Done"}],
        "Assign": {"decision": "{% $states.result.decision %}"},
        "Next": "Done",
    }
    done = {"Type": "Pass", "Output": {"status": "done", "decision": "{% $decision %}"}, "End": True}
    return json.dumps({"QueryLanguage": "JSONata", "StartAt": "Ask", "States": {"Ask": waits, "Done": done}})


class Theater:
    """The functions around a state machine of their own."""

    def __init__(self, load: LoadHandler, tokens: str, aws: str, seconds: int = 600) -> None:
        self.states, self.sqs, self.dynamodb = client("stepfunctions", aws), client("sqs", aws), client("dynamodb", aws)
        self.queue = self.sqs.create_queue(QueueName=f"tokens-{next(_runs)}")["QueueUrl"]
        self.machine = self.states.create_state_machine(
            name=f"payments-{next(_runs)}", definition=definition(self.queue, seconds), roleArn=ROLE
        )["stateMachineArn"]
        self.tokens = tokens
        self.environment = {
            "AWS_ENDPOINT_URL": aws,
            "PAYMENT_MACHINE": self.machine,
            "TOKENS_TABLE": tokens,
            "DIES": "never",
        }
        self.load = load
        self.payments, self.ask, self.decisions = (
            load(f"{SLUG}/functions/{name}/app.py", **self.environment) for name in ("payments", "ask", "decisions")
        )

    def call(self, function: Any, method: str, payment: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        event = {
            "httpMethod": method,
            "headers": {"X-Amzn-Trace-Id": "Root=1-abc"},
            "pathParameters": {"payment": payment},
            "body": None if body is None else json.dumps(body),
        }
        answer = function.handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])

    def put(self, payment: str, amount: int = 900) -> int:
        return self.call(self.payments, "PUT", payment, {"amount": amount, "where": "invoice"})[0]

    def get(self, payment: str) -> tuple[int, dict[str, Any]]:
        return self.call(self.payments, "GET", payment)

    def click(self, payment: str, decision: str) -> tuple[int, dict[str, Any]]:
        return self.call(self.decisions, "POST", payment, {"decision": decision})

    def asks(self, payment: str) -> None:
        """Start the payment, and hand the token of its execution to the function that asks."""
        assert self.put(payment) == 202
        found: list[dict[str, Any]] = []
        while not found:
            received = self.sqs.receive_message(QueueUrl=self.queue, WaitTimeSeconds=5)
            found = received.get("Messages", [])
        self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=found[0]["ReceiptHandle"])
        event = {"payment": payment, "amount": 900, "trace": "Root=1-abc", "token": found[0]["Body"]}
        self.ask.handler(event, LambdaContext())

    def ends(self, payment: str) -> str:
        """What counted, once the execution has ended."""
        deadline = time.monotonic() + 60
        while (seen := self.get(payment)[1])["status"] == "waiting":
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return str(seen["decision"])


@pytest.fixture
def theater(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Theater:
    return Theater(load_handler, make_table(SLUG, "TokensTable"), embedded_aws)


def test_a_click_continues_the_execution_that_waits(theater: Theater, log_lines: LogLines) -> None:
    theater.asks("one")
    assert theater.get("one") == (200, {"payment": "one", "status": "waiting"})
    assert theater.click("one", "approve") == (200, {"payment": "one", "decision": "approve"})
    assert theater.ends("one") == "approve"
    lines = [line for line in log_lines() if line["step"] != "payment.read"]
    assert [line["step"] for line in lines] == ["payment.started", "decision.asked", "decision.sent"]
    assert {line["trace"] for line in lines} == {"Root=1-abc"}


def test_a_second_click_is_told_what_counted(theater: Theater) -> None:
    theater.asks("one")
    theater.click("one", "reject")
    assert theater.ends("one") == "reject"
    assert theater.click("one", "reject") == (200, {"payment": "one", "decision": "reject"})
    status, told = theater.click("one", "approve")
    assert (status, told["decision"]) == (409, "reject")


def test_a_click_that_comes_too_late_is_410(
    load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str
) -> None:
    theater = Theater(load_handler, make_table(SLUG, "TokensTable"), embedded_aws, seconds=1)
    theater.asks("one")
    assert theater.ends("one") == "none"
    assert theater.click("one", "approve")[0] == 410


def test_a_click_on_what_was_never_asked_is_404(theater: Theater) -> None:
    assert theater.click("none", "approve")[0] == 404


def test_a_click_whose_process_dies_counts(theater: Theater, kill_at: Callable[[str], None]) -> None:
    theater.asks("one")
    kill_at("after-decision")
    with pytest.raises(Killed):
        theater.click("one", "approve")
    kill_at("never")
    assert theater.ends("one") == "approve"
    assert theater.click("one", "approve") == (200, {"payment": "one", "decision": "approve"})


def test_the_token_expires_from_the_table_after_a_month(theater: Theater) -> None:
    theater.asks("one")
    (row,) = theater.dynamodb.scan(TableName=theater.tokens)["Items"]
    assert 29 * 24 * 3600 < int(row["expires"]["N"]) - time.time() < 31 * 24 * 3600


def test_a_payment_sent_again_is_started_once(theater: Theater) -> None:
    assert [theater.put("one"), theater.put("one"), theater.put("one", 800)] == [202, 200, 409]
    assert len(theater.states.list_executions(stateMachineArn=theater.machine)["executions"]) == 1


def test_an_unknown_payment_is_404_and_a_number_that_is_none_400(theater: Theater) -> None:
    assert theater.get("none")[0] == 404
    for number in ("", "a/b", "a" * 65, "ä", "a b"):
        assert theater.put(number) == 400


def test_a_start_that_is_refused_is_503(theater: Theater) -> None:
    theater.states.delete_state_machine(stateMachineArn=theater.machine)
    assert theater.put("one") == 503


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(clicks=st.lists(st.tuples(st.sampled_from(["approve", "reject"]), st.booleans()), min_size=1, max_size=5))
def test_the_first_click_counts_whatever_else_is_clicked_and_whatever_dies(
    theater: Theater, kill_at: Callable[[str], None], clicks: list[tuple[str, bool]]
) -> None:
    payment = f"payment-{next(_runs)}"
    theater.asks(payment)
    for decision, dies in clicks:
        kill_at("after-decision" if dies else "never")
        try:
            status, told = theater.click(payment, decision)
        except Killed:
            continue
        assert (status, told["decision"]) in {(200, decision), (200, "unknown"), (409, clicks[0][0])}
    kill_at("never")
    assert theater.ends(payment) == clicks[0][0]


class Bank:
    def __init__(self, load: LoadHandler, table: str, aws: str) -> None:
        environment = {"AWS_ENDPOINT_URL": aws, "TRANSFERS_TABLE": table, "FAILS": "never"}
        self.module = load(f"{SLUG}/functions/bank/app.py", **environment)

    def __call__(self, payment: str = "one") -> dict[str, str]:
        event = {"payment": payment, "amount": 900, "where": "invoice", "trace": "Root=1-abc"}
        result: dict[str, str] = self.module.handler(event, LambdaContext())
        return result


def test_the_bank_pays_each_payment_once_and_fails_as_an_error(
    load_handler: LoadHandler,
    make_table: Callable[[str, str], str],
    embedded_aws: str,
    log_lines: LogLines,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bank = Bank(load_handler, make_table(SLUG, "TransfersTable"), embedded_aws)
    assert [bank(), bank()] == [{"status": "paid"}] * 2
    assert [line["step"] for line in log_lines()] == ["payment.made", "payment.repeated"]
    monkeypatch.setenv("FAILS", "always")
    with pytest.raises(RuntimeError):
        bank("two")


class Twin:
    """The naive function, with a bank that is played here."""

    def __init__(self, load: LoadHandler, aws: str) -> None:
        name = f"payments-{next(_runs)}"
        client("dynamodb", aws).create_table(
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "payment", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "payment", "KeyType": "HASH"}],
        )
        environment = {"AWS_ENDPOINT_URL": aws, "PAYMENTS_TABLE": name, "BANK_FUNCTION": "bank"}
        self.module = load(f"{SLUG}/functions/naive_payments/app.py", **environment)
        self.paid: list[str] = []
        self.module.pay = lambda payment, amount, trace: self.paid.append(payment)  # type: ignore[attr-defined]

    def __call__(self, method: str, body: Any = None) -> tuple[int, dict[str, Any]]:
        event = {
            "httpMethod": method,
            "headers": None,
            "pathParameters": {"payment": "one"},
            "body": None if body is None else json.dumps(body),
        }
        answer = self.module.handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])


def test_the_twin_pays_once_and_whenever_the_click_comes(load_handler: LoadHandler, embedded_aws: str) -> None:
    twin = Twin(load_handler, embedded_aws)
    assert twin("PUT", {"amount": 300, "where": "till"})[0] == 202
    assert twin("GET")[1]["status"] == "waiting"
    assert [twin("POST", {"decision": "approve"})[0] for _ in range(2)] == [200, 200]
    assert twin("POST", {"decision": "reject"})[0] == 409
    assert twin.paid == ["one"]


def test_the_twin_asks_no_one_for_a_small_payment(load_handler: LoadHandler, embedded_aws: str) -> None:
    twin = Twin(load_handler, embedded_aws)
    twin("PUT", {"amount": 40, "where": "till"})
    assert (twin("GET")[1]["status"], twin.paid) == ("paid", ["one"])
