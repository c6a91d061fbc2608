from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.patterns.content.checks.demo import matches
from catalogue.patterns.services.model import Route
from tests.patterns.support.drafts import Draft, expect_one

SECOND_STEP = """
  - id: say-it-again
    title: Say it again
    notice: The same again.
    request:
      method: GET
      path: /hello/{{name}}
      headers:
        X-Again: "yes"
    expect:
      status: 200
"""
POST_WITH_KEY = """method: POST
      path: /hello/{{name}}
      json: {deep: [{"{{who}}": 1}]}"""
OPERATION = """
  - id: break-it
    title: Break it on purpose
    notice: The worker stops taking orders.
    operation:
      action: disable-event-source
      resource: WorkerSource
    observe:
      - resource: OrdersQueue
        measure: visible
        at_least: 0
"""


def with_second_step(sample: Draft) -> None:
    sample.append("demo.yaml", "    save:\n      name: body.hello\n" + SECOND_STEP)


def test_a_saved_value_can_be_used_later(sample: Draft) -> None:
    with_second_step(sample)
    assert sample.mistakes() == []


@pytest.mark.parametrize(
    ("old", "new", "at", "id", "message", "remedy"),
    [
        ("path: /hello/Ada", "path: /helo/Ada", "path: /helo", "E030", "no route", "GET /hello/{name}"),
        ("path: /hello/Ada", "path: /hello", "path: /hello", "E030", "no route", "GET /hello/{name}"),
        ("method: GET", "method: POST", "path: /hello/Ada", "E030", "POST /hello/Ada", "GET /hello/{name}"),
        ("{{name}}", "{{nmae}}", "{{nmae}}", "E031", "`{{nmae}}`, which no earlier", "known here: n, name"),
        ('"yes"', '"{{later}}"', "{{later}}", "E031", "`{{later}}`", "Save it"),
        ("hello: Ada", "hello: '{{name}}'", "expect:", "E031", "`say-hello` uses `{{name}}`", "Save it"),
        (
            "resource: WebFunction",
            "resource: WebFunctions",
            "resource: WebF",
            "E032",
            "not in template.yaml",
            "WebFunction",
        ),
        (
            "resource: WebFunction",
            "resource: Api",
            "resource: Api",
            "E032",
            "is of the type AWS::ApiGateway::RestApi",
            "WebFunction",
        ),
        ("measure: invocations", "measure: items", "resource: WebFunction", "E032", "needs a table", "none"),
        (
            "id: say-it-again",
            "id: say-hello",
            "id: say-hello\n    title: Say it again",
            "E033",
            "is taken",
            "another",
        ),
        (
            "name: body.hello",
            "name: answer.hello",
            "name: answer",
            "E033",
            "not part of an answer",
            "body.a.b",
        ),
        (
            "name: body.hello",
            "name: body.hello\n      now: status",
            "now: status",
            "E033",
            "`now` cannot be",
            "lower case",
        ),
        ("hello: Ada", "hello: ~Ada(", "body:", "E036", "missing )", "RE2"),
        (
            "hello: Ada",
            "hello: [{deep: '~(?=Ada)'}]",
            "body:",
            "E036",
            "`~(?=Ada)` is not a valid pattern",
            "lookaround",
        ),
        ("X-Again:", '"X Again":', '"X Again"', "E033", "not a header name", "letters"),
        ("path: /hello/Ada", "path: /hello/Ada Lovelace", "path: /hello/Ada", "E033", "a space", "%20"),
        (
            "path: /hello/Ada",
            "path: /hello/Ada\n      at_once: 3",
            "at_once",
            "E033",
            "only 1 calls",
            "`times` larger",
        ),
        (
            "path: /hello/Ada",
            "path: /hello/Ada\n      json: {a: 1}",
            "method: GET",
            "E033",
            "no body",
            "another method",
        ),
        (
            "status: 200",
            "statuses: {200: 2}",
            "statuses",
            "E033",
            "counts 2 answers, but there are 1",
            "agree",
        ),
    ],
)
def test_a_step_fits_the_template_and_itself(
    sample: Draft, old: str, new: str, at: str, id: str, message: str, remedy: str
) -> None:
    with_second_step(sample)
    sample.replace("demo.yaml", old, new)
    (mistake,) = [mistake for mistake in sample.mistakes() if message in mistake.message]
    assert (mistake.id, mistake.file.name) == (f"patterns.{id}", "demo.yaml")
    assert abs(mistake.line - sample.line_of("demo.yaml", at)) <= 1
    assert remedy in mistake.remedy


def test_a_step_may_show_what_the_gateway_refuses(sample: Draft) -> None:
    sample.replace("demo.yaml", "path: /hello/Ada", "path: /secret")
    sample.replace("demo.yaml", "status: 200", "status: 403")
    assert [mistake.id for mistake in sample.mistakes()] == ["patterns.E030"]
    sample.append("demo.yaml", "    failure: true\n")
    assert sample.mistakes() == []


def test_an_operation_on_a_fitting_resource_is_fine(queued: Draft) -> None:
    queued.append("demo.yaml", OPERATION)
    assert queued.mistakes() == []


@pytest.mark.parametrize(
    ("old", "new", "id", "message", "remedy"),
    [
        (
            "resource: WorkerSource",
            "resource: OrdersQueue",
            "E032",
            "needs an event source mapping",
            "WorkerSource",
        ),
        ("disable-event-source", "set-batch-size", "E033", "needs `value`", "Add `value:`"),
        (
            "disable-event-source",
            "set-maximum-concurrency\n      value: 1",
            "E033",
            "to 1 is not possible",
            "2 to 1000",
        ),
        (
            "disable-event-source",
            "disable-event-source\n      value: 1",
            "E033",
            "does not use `value`",
            "Leave it out",
        ),
        (
            "disable-event-source\n      resource: WorkerSource",
            "redrive\n      resource: FailedOrders\n      to: OrdersTable",
            "E032",
            "needs a queue",
            "OrdersQueue, FailedOrders",
        ),
        (
            "disable-event-source\n      resource: WorkerSource",
            "redrive\n      resource: FailedOrders",
            "E033",
            "needs `to`",
            "Add `to:`",
        ),
        (
            "    observe:\n      - resource: OrdersQueue",
            "    expect:\n      status: 200\n    observe:\n      - resource: OrdersQueue",
            "E033",
            "so `expect` cannot check one",
            "Use `observe`",
        ),
    ],
)
def test_an_operation_fits_its_resource(queued: Draft, old: str, new: str, id: str, message: str, remedy: str) -> None:
    queued.append("demo.yaml", OPERATION)
    queued.replace("demo.yaml", old, new)
    (mistake,) = queued.mistakes()
    assert (mistake.id, mistake.file.name) == (f"patterns.{id}", "demo.yaml")
    assert mistake.line >= queued.line_of("demo.yaml", "operation:")
    assert message in mistake.message
    assert remedy in mistake.remedy


SEGMENT = st.from_regex(r"[a-z0-9]{1,8}", fullmatch=True)


@given(st.lists(SEGMENT, max_size=4), st.integers(0, 3))
def test_a_path_matches_its_own_route_with_any_segment_a_parameter(segments: list[str], at: int) -> None:
    path = "/" + "/".join(segments)
    parts = [f"{{p{index}}}" if index == at else part for index, part in enumerate(segments)]
    for method in ("GET", "ANY"):
        assert matches(Route(method, "/" + "/".join(parts), "M"), "GET", path + "?q=/a/b")
    assert not matches(Route("POST", path, "M"), "GET", path)
    assert not matches(Route("GET", path, "M"), "GET", path + "/more")


def test_a_greedy_parameter_takes_one_segment_or_more() -> None:
    route = Route("ANY", "/files/{proxy+}", "M")
    paths = ["/files/a", "/files/a/b/c"]
    assert all(matches(route, "PUT", path) for path in paths)
    assert not matches(route, "PUT", "/files")
    assert [len(a) < len(b) for a, b in pairwise(paths)] == [True]


def test_a_variable_stands_for_one_segment() -> None:
    assert matches(Route("GET", "/orders/{id}", "M"), "GET", "/orders/{{order_id}}")
    assert matches(Route("GET", "/orders/latest", "M"), "GET", "/orders/{{which}}")
    assert not matches(Route("GET", "/orders", "M"), "GET", "/orders/{{which}}")


def test_the_mistakes_of_several_steps_are_reported_together(sample: Draft) -> None:
    with_second_step(sample)
    sample.replace("demo.yaml", "/hello/Ada", "/bye")
    sample.replace("demo.yaml", "{{name}}", "{{unknown}}")
    assert [mistake.id for mistake in sample.mistakes()] == ["patterns.E030", "patterns.E031"]
    expect_one(
        sample.mistakes()[:1],
        id="patterns.E030",
        file="demo.yaml",
        line=sample.line_of("demo.yaml", "/bye"),
        message="GET /bye",
        remedy="GET /hello/{name}",
    )


def test_an_observation_may_look_for_what_its_own_step_saves(sample: Draft) -> None:
    logged = '      - {resource: WebFunction, measure: logged, text: "{{name}}"}\n'
    sample.append("demo.yaml", logged)
    assert [mistake.id for mistake in sample.mistakes()] == ["patterns.E031"]
    sample.append("demo.yaml", "    save:\n      name: body.hello\n")
    assert sample.mistakes() == []


def test_a_variable_in_a_key_of_the_body_is_seen(sample: Draft) -> None:
    with_second_step(sample)
    sample.replace("demo.yaml", "method: GET\n      path: /hello/{{name}}", POST_WITH_KEY)
    sample.replace("template.yaml", "HttpMethod: GET", "HttpMethod: ANY")
    (mistake,) = sample.mistakes()
    assert (mistake.id, mistake.line) == ("patterns.E031", sample.line_of("demo.yaml", "json:"))


def test_one_status_or_counts_of_several(sample: Draft) -> None:
    sample.replace("demo.yaml", "status: 200", "status: 200\n      statuses: {200: 1}")
    expect_one(
        sample.mistakes(),
        id="patterns.E033",
        file="demo.yaml",
        line=sample.line_of("demo.yaml", "status: 200"),
        message="both set",
        remedy="Keep `statuses`",
    )


def test_a_pattern_without_a_demo_has_none_to_check(sample: Draft) -> None:
    (sample.folder / "demo.yaml").unlink()
    assert sample.mistakes() == []


SOCKET = """
  - id: talk
    title: Talk over a connection
    notice: It talks.
    request:
      method: GET
      path: /
      socket: {send: [{say: "{{n}}"}], meanwhile: [{method: GET, path: /hello/Ada}], receive: 1}
    expect: {status: 101}
"""


def test_a_websocket_needs_an_output_that_says_where_it_leads(sample: Draft) -> None:
    sample.append("demo.yaml", SOCKET)
    expect_one(
        sample.mistakes(),
        id="patterns.E030",
        file="demo.yaml",
        line=sample.line_of("demo.yaml", "socket:"),
        message="no output `SocketEndpoint`",
        remedy="wss://",
    )


@pytest.mark.parametrize(
    ("old", "new", "id", "message"),
    [
        ("path: /\n", "path: /chat\n", "E030", "has no paths"),
        ("path: /hello/Ada}", "path: /bye}", "E030", "GET /bye is called meanwhile"),
        ('"{{n}}"', '"{{later}}"', "E031", "`{{later}}`"),
    ],
)
def test_what_a_websocket_says_and_calls_is_checked(sample: Draft, old: str, new: str, id: str, message: str) -> None:
    sample.replace("template.yaml", "Outputs:\n", "Outputs:\n  SocketEndpoint:\n    Value: wss://a\n")
    sample.append("demo.yaml", SOCKET)
    assert sample.mistakes() == []
    sample.replace("demo.yaml", old, new)
    (mistake,) = sample.mistakes()
    assert (mistake.id, message in mistake.message) == (f"patterns.{id}", True)
