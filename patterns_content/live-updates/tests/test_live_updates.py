"""Live Updates' handlers, against real tables and an API that answers 410 on demand."""

import http.server
import json
import threading
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines, client

SLUG = "live-updates"
_runs = count(1)


class Sockets:
    """The @connections API: what was sent to each connection; those in `gone` answer 410, those in `broken` 500."""

    def __init__(self) -> None:
        self.sent: dict[str, list[dict[str, Any]]] = {}
        self.gone: set[str] = set()
        self.broken: set[str] = set()
        ours = self

        class Api(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                connection = unquote(self.path.rpartition("/")[2])
                body = self.rfile.read(int(self.headers["content-length"]))
                status = 410 if connection in ours.gone else 400 if connection in ours.broken else 200
                if status == 200:
                    ours.sent.setdefault(connection, []).append(json.loads(body))
                self.send_response(status)
                if status != 200:
                    kind = "GoneException" if status == 410 else "ForbiddenException"
                    self.send_header("x-amzn-ErrorType", kind)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/live"


@pytest.fixture
def sockets() -> Iterator[Sockets]:
    api = Sockets()
    threading.Thread(target=api.server.serve_forever, daemon=True).start()
    yield api
    api.server.shutdown()
    api.server.server_close()


class Pizzeria:
    """All functions, on two tables of their own. The stream is played by handing rows to `push`."""

    def __init__(self, load: LoadHandler, make_table: Callable[[str, str], str], aws: str, sockets: Sockets) -> None:
        self.dynamodb = client("dynamodb", aws)
        self.orders, self.connections = (make_table(SLUG, name) for name in ("OrdersTable", "ConnectionsTable"))
        environment = {
            "AWS_ENDPOINT_URL": aws,
            "ORDERS_TABLE": self.orders,
            "CONNECTIONS_TABLE": self.connections,
            "SOCKETS": sockets.address,
        }
        self.api = load(f"{SLUG}/functions/orders/app.py", **environment)
        self.watcher = load(f"{SLUG}/functions/watch/app.py", **environment)
        self.leaver = load(f"{SLUG}/functions/leave/app.py", **environment)
        self.pusher = load(f"{SLUG}/functions/push/app.py", **environment)

    def call(self, method: str, order: str, body: dict[str, Any] | None = None) -> tuple[int, dict[str, Any]]:
        event = {
            "httpMethod": method,
            "headers": {"X-Amzn-Trace-Id": "Root=1-abc"},
            "pathParameters": {"order": order},
            "body": json.dumps(body),
        }
        answer = self.api.handler(event, LambdaContext())
        return answer["statusCode"], json.loads(answer["body"])

    def put(self, order: str, status: str) -> dict[str, Any]:
        code, body = self.call("PUT", order, {"status": status})
        assert code == 200
        return body

    def watch(self, connection: str, body: str) -> int:
        event = {"requestContext": {"connectionId": connection}, "body": body}
        return int(self.watcher.handler(event, LambdaContext())["statusCode"])

    def watches(self, connection: str, order: str) -> int:
        return self.watch(connection, json.dumps({"action": "watch", "order": order}))

    def leave(self, connection: str) -> None:
        self.leaver.handler({"requestContext": {"connectionId": connection}}, LambdaContext())

    def push(self, *orders: str) -> None:
        """Hand `push` the rows of these orders as they are now."""
        rows = [
            self.dynamodb.get_item(TableName=self.orders, Key={"order": {"S": order}}, ConsistentRead=True)["Item"]
            for order in orders
        ]
        self.pusher.handler({"Records": [{"dynamodb": {"NewImage": row}} for row in rows]}, LambdaContext())

    def rows(self) -> set[tuple[str, str]]:
        found = self.dynamodb.scan(TableName=self.connections, ConsistentRead=True)["Items"]
        return {(row["order"]["S"], row["connection"]["S"]) for row in found}


@pytest.fixture
def pizzeria(
    load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str, sockets: Sockets
) -> Pizzeria:
    return Pizzeria(load_handler, make_table, embedded_aws, sockets)


def test_a_watcher_gets_the_status_and_then_each_change(
    pizzeria: Pizzeria, sockets: Sockets, log_lines: LogLines
) -> None:
    pizzeria.put("one", "received")
    assert pizzeria.watches("a=", "one") == 200
    pizzeria.put("one", "in the oven")
    pizzeria.push("one")
    assert sockets.sent["a="] == [
        {"order": "one", "status": "received", "version": 1},
        {"order": "one", "status": "in the oven", "version": 2},
    ]
    lines = log_lines()
    assert [line["step"] for line in lines] == ["status.changed", "watch.started", "status.changed", "update.pushed"]
    assert lines[-1]["trace"] == "Root=1-abc"


def test_an_order_that_is_not_there_yet_can_be_watched(pizzeria: Pizzeria, sockets: Sockets) -> None:
    pizzeria.watches("a", "soon")
    pizzeria.put("soon", "received")
    pizzeria.push("soon")
    assert [message["status"] for message in sockets.sent["a"]] == ["unknown", "received"]


def test_a_change_between_the_row_and_the_read_is_not_missed(
    pizzeria: Pizzeria, sockets: Sockets, monkeypatch: pytest.MonkeyPatch
) -> None:
    pizzeria.put("one", "received")
    read = pizzeria.watcher.status

    def changed_first(order: str) -> Any:
        pizzeria.put(order, "in the oven")
        pizzeria.push(order)
        return read(order)

    monkeypatch.setattr(pizzeria.watcher, "status", changed_first)
    pizzeria.watches("a", "one")
    assert [message["version"] for message in sockets.sent["a"]] == [2, 2]


def test_only_those_who_watch_an_order_hear_of_it(pizzeria: Pizzeria, sockets: Sockets) -> None:
    pizzeria.watches("a", "one")
    pizzeria.watches("b", "two")
    pizzeria.put("one", "received")
    pizzeria.push("one")
    assert {connection: len(messages) for connection, messages in sockets.sent.items()} == {"a": 2, "b": 1}


def test_a_gone_connection_is_forgotten_and_the_others_are_told(
    pizzeria: Pizzeria, sockets: Sockets, log_lines: LogLines
) -> None:
    for connection in "abc":
        pizzeria.watches(connection, "one")
    pizzeria.put("one", "received")
    sockets.gone = {"a", "c"}
    pizzeria.push("one")
    assert pizzeria.rows() == {("one", "b")}
    assert len(sockets.sent["b"]) == 2
    steps = [line["step"] for line in log_lines()]
    assert (steps.count("connection.gone"), steps.count("update.pushed")) == (2, 1)


def test_a_connection_that_cannot_be_reached_keeps_its_row_and_fails_the_batch_last(
    pizzeria: Pizzeria, sockets: Sockets
) -> None:
    for connection in "abc":
        pizzeria.watches(connection, "one")
    pizzeria.put("one", "received")
    sockets.broken = {"a"}
    with pytest.raises(pizzeria.pusher.NotSent):
        pizzeria.push("one")
    assert len(pizzeria.rows()) == 3
    assert {len(sockets.sent[connection]) for connection in "bc"} == {2}


def test_a_client_that_is_gone_before_its_answer_fails_nothing(pizzeria: Pizzeria, sockets: Sockets) -> None:
    sockets.gone = {"a"}
    assert pizzeria.watches("a", "one") == 200


def test_leaving_deletes_all_rows_of_the_connection_and_no_other(pizzeria: Pizzeria) -> None:
    for connection, order in (("a", "one"), ("a", "two"), ("b", "one")):
        pizzeria.watches(connection, order)
    pizzeria.leave("a")
    assert pizzeria.rows() == {("one", "b")}
    pizzeria.leave("a")


def test_a_row_expires_after_the_longest_life_of_a_connection(pizzeria: Pizzeria) -> None:
    pizzeria.watches("a", "one")
    (row,) = pizzeria.dynamodb.scan(TableName=pizzeria.connections)["Items"]
    left = int(row["expires"]["N"]) - pizzeria.watcher.time.time()
    assert 7100 < left <= 7200


BAD = ["", "{", "[]", "null", "1", "{}", '{"order": 1}', '{"order": "a/b"}', '{"order": ""}', "[" * 100_000]


@pytest.mark.parametrize("body", BAD, ids=lambda body: body[:16])
def test_a_message_without_an_order_is_told_so_and_writes_nothing(
    pizzeria: Pizzeria, sockets: Sockets, body: str
) -> None:
    assert pizzeria.watch("a", body) == 400
    assert pizzeria.rows() == set()
    assert "problem" in sockets.sent["a"][0]


def test_the_api_counts_versions_and_knows_what_is_not_there(pizzeria: Pizzeria) -> None:
    assert [pizzeria.put("one", status)["version"] for status in ("received", "in the oven")] == [1, 2]
    assert pizzeria.call("GET", "one")[1]["status"] == "in the oven"
    assert pizzeria.call("GET", "none")[0] == 404
    assert pizzeria.call("PUT", "a/b", {"status": "received"})[0] == 400


def test_a_deleted_order_is_no_news(pizzeria: Pizzeria, sockets: Sockets) -> None:
    pizzeria.watches("a", "one")
    pizzeria.pusher.handler({"Records": [{"dynamodb": {"Keys": {"order": {"S": "one"}}}}]}, LambdaContext())
    assert len(sockets.sent["a"]) == 1


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=st.lists(st.sampled_from(["watch", "leave", "vanish", "change"]), max_size=10))
def test_whoever_stays_has_the_last_status_whatever_the_others_do(
    pizzeria: Pizzeria, sockets: Sockets, acts: list[str]
) -> None:
    order, connected = f"order-{next(_runs)}", []
    version = 0
    for act in acts:
        match act:
            case "watch":
                connected.append(f"c{next(_runs)}")
                pizzeria.watches(connected[-1], order)
            case "leave" if connected:
                pizzeria.leave(connected.pop())
            case "vanish" if connected:
                sockets.gone.add(connected.pop())
            case "change":
                version = pizzeria.put(order, "in the oven")["version"]
                pizzeria.push(order)
    assert all(sockets.sent[connection][-1]["version"] == version for connection in connected)
