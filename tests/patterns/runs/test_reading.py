"""A run's events are told apart as they belong together: by trace, moment and the stack's own map."""

import pytest

from catalogue.patterns.content.library import library
from catalogue.patterns.runs.analysis.chapters import Chapter, chapters
from catalogue.patterns.runs.analysis.graph import Graph, graph_of, spoken
from catalogue.patterns.runs.analysis.lights import Lights
from catalogue.patterns.runs.analysis.moves import Move, moves
from catalogue.patterns.runs.document import Event, Run, Use
from catalogue.patterns.runs.sequence import fold
from tests.patterns.runs.documents import action, burst, call, gauge, invocation, line, run_of, trace


def graph(slug: str, variant: str = "pattern") -> Graph:
    return graph_of(library().get(slug), variant)


def read(run: Run) -> list[Chapter]:
    return chapters(run, graph(run.pattern, run.variant))


def moved(run: Run) -> list[Move]:
    known, told = graph(run.pattern, run.variant), read(run)
    return [move for each in moves(told, known, run) for move in each]


def edges(run: Run) -> list[str]:
    return [("<" if move.kind == "answer" else "") + move.edge for move in moved(run)]


def test_an_invocation_stands_under_the_request_whose_trace_it_carries() -> None:
    run = run_of(
        "function-as-a-web-service",
        [
            call(0, 120, "/zones", of=1),
            call(200, 15, "/quotes", 400, of=2),
            invocation(105, 10, "QuoteFunction", of=1, init_ms=95),
            invocation(203, 8, "QuoteFunction", of=2),
            line(106, "QuoteFunction", "request.received", of=1),
        ],
    )
    first, second = read(run)[0].exchanges

    assert [work.event.cold for work in first.works] == [True]
    assert [log.step for log in first.works[0].logs] == ["request.received"]
    assert [work.event.cold for work in second.works] == [False]
    assert edges(run)[:3] == ["Caller>ParcelApi", "ParcelApi>QuoteFunction", "<Caller>ParcelApi"]


def test_a_silent_invocation_is_that_of_the_call_under_way() -> None:
    run = run_of(
        "function-as-a-web-service",
        [call(0, 50, "/zones", 502), invocation(5, 40, "QuoteFunction", of=None, error=True)],
    )

    assert [work.function for work in read(run)[0].exchanges[0].works] == ["QuoteFunction"]


def test_an_authorizer_is_asked_before_the_function_and_over_an_edge_of_its_own() -> None:
    run = run_of(
        "gateway-authorizer",
        [call(0, 60, "/prices"), invocation(10, 5, "AuthorizerFunction"), invocation(30, 8, "PricesFunction")],
    )

    assert edges(run) == ["Client>Api", "Api>AuthorizerFunction", "Api>PricesFunction", "<Client>Api"]


def test_a_gateway_that_hands_over_by_itself_is_seen_in_the_2xx_alone() -> None:
    accepted = run_of("queue-based-load-leveling", [call(0, 20, "/orders", 202, method="POST")])
    refused = run_of("queue-based-load-leveling", [call(0, 20, "/orders", 400, method="POST")])

    assert "OrderApi>OrderQueue" in edges(accepted)
    assert "OrderApi>OrderQueue" not in edges(refused)


def test_a_message_is_known_to_have_passed_where_its_trace_comes_out() -> None:
    run = run_of(
        "asynchronous-request-reply",
        [
            call(0, 40, "/proofs", 202, method="POST"),
            invocation(5, 25, "IntakeFunction"),
            invocation(130, 500, "WorkerFunction"),
        ],
    )
    (work,) = read(run)[0].deliveries

    assert [hop.key for hop in work.way] == ["IntakeFunction>JobsQueue"]
    assert work.handed_over == 30
    assert edges(run) == [
        "Client>Api",
        "Api>IntakeFunction",
        "IntakeFunction>JobsQueue",
        "<Client>Api",
        "JobsQueue>WorkerFunction",
    ]


def test_an_event_that_is_fanned_out_takes_the_way_over_the_topic() -> None:
    run = run_of(
        "queue-based-event-distribution",
        [
            call(0, 40, "/orders", 202, method="POST"),
            invocation(5, 25, "PublishFunction"),
            invocation(50, 5, "BillingFunction"),
        ],
    )
    (work,) = read(run)[0].deliveries

    assert [hop.key for hop in work.way] == ["PublishFunction>OrderEvents", "OrderEvents>BillingQueue"]


def test_a_message_taken_again_has_waited_since_its_last_attempt() -> None:
    run = run_of(
        "queue-based-load-leveling",
        [
            call(0, 20, "/orders", 202, method="POST"),
            invocation(30, 10, "WorkerFunction", error=True),
            invocation(1040, 10, "WorkerFunction"),
        ],
    )
    first, second = read(run)[0].deliveries

    assert (first.again, second.again) == (False, True)
    assert second.handed_over == 40


def test_a_cached_read_asks_the_cache_and_no_function() -> None:
    run = run_of(
        "gateway-cache",
        [
            call(0, 300, "/products/mug", of=1),
            invocation(5, 290, "Storefront", of=1),
            call(400, 2, "/products/mug", of=2),
        ],
    )
    miss, hit = read(run)[0].exchanges

    assert (miss.served_from_cache, hit.served_from_cache) == (False, True)
    assert [move.label for move in moved(run) if move.target == "Stage"] == ["not in the cache", "found in the cache"]


def test_of_several_callers_the_one_whose_edge_speaks_of_the_path() -> None:
    known = graph("gateway-validator")

    assert {path: hop.source for path in ("/orders", "/deliveries") if (hop := known.arrival(path))} == {
        "/orders": "Customer",
        "/deliveries": "Carrier",
    }


def test_a_handshake_goes_to_the_gateway_that_callers_connect_to() -> None:
    known = graph("live-updates")
    arrivals = [known.arrival(path, status) for path, status in (("/", 101), ("/orders/one", 200))]

    assert [hop.key for hop in arrivals if hop] == ["Customer>SocketApi", "Kitchen>OrderApi"]


def test_an_operation_belongs_to_the_only_function_that_may_ask_for_it() -> None:
    run = run_of(
        "asynchronous-request-reply",
        [
            call(0, 40, "/proofs", 202, method="POST"),
            invocation(5, 25, "IntakeFunction"),
            invocation(130, 500, "WorkerFunction"),
        ],
        uses=[
            Use(service="dynamodb", operation="PutItem", resource="JobsTable", count=1, units=1),
            Use(service="dynamodb", operation="UpdateItem", resource="JobsTable", count=1, units=1),
        ],
    )
    asked = [(move.source, move.label) for move in moved(run) if move.target == "JobsTable"]

    assert asked == [("IntakeFunction", "PutItem")]


def crash_and_charge(at: tuple[float, ...] = ()) -> Run:
    """Two chapters in which the same function ran; what was counted of its table is of both."""
    return run_of(
        "idempotent-proxy",
        [
            call(0, 40, "/charges", 502, method="POST", of=1),
            invocation(5, 30, "ChargesFunction", of=1, error=True),
            call(500, 40, "/charges", 201, method="POST", of=2),
            invocation(505, 30, "ChargesFunction", of=2),
        ],
        actions=[action(0, "Crash"), action(490, "Charge")],
        uses=[Use(service="dynamodb", operation="PutItem", resource="KeysTable", count=2, units=2, at=at)],
    )


def test_an_operation_is_reported_in_no_chapter_if_it_may_have_been_in_another() -> None:
    run = crash_and_charge()
    alone = run.model_copy(update={"actions": (action(0, "Both"),)})

    assert "ChargesFunction>KeysTable" not in edges(run)
    (asked,) = [move for move in moved(alone) if move.target == "KeysTable"]
    assert (asked.label, asked.note) == ("PutItem", "2 in all")


def test_operations_are_reported_at_their_moments_where_the_target_reports_them() -> None:
    """What is claimed before it is done stands before it, and what one invocation does twice is two arrows."""
    run = run_of(
        "idempotent-proxy",
        [
            call(0, 100, "/charges", 201, method="POST"),
            invocation(5, 90, "ChargesFunction"),
        ],
        uses=[
            Use(
                service="dynamodb", operation="TransactWriteItems", resource="ChargesTable", count=1, units=2, at=(60,)
            ),
            Use(service="dynamodb", operation="TransactWriteItems", resource="KeysTable", count=1, units=2, at=(60,)),
            Use(service="dynamodb", operation="PutItem", resource="KeysTable", count=2, units=2, at=(20, 80)),
        ],
    )
    rows = fold(moved(run))

    assert [(row.at, row.target, row.label, row.count) for row in rows if row.source == "ChargesFunction"] == [
        (20, "KeysTable", "PutItem", 1),
        (60, "ChargesTable", "TransactWriteItems", 1),
        (60, "KeysTable", "TransactWriteItems", 1),
        (80, "KeysTable", "PutItem", 1),
    ]


def test_what_many_invocations_do_at_their_moments_is_reported_together() -> None:
    run = run_of(
        "idempotent-proxy",
        [
            *(call(n, 100, "/charges", 201, method="POST", of=n) for n in (1, 2, 3)),
            *(invocation(5 + n, 80, "ChargesFunction", of=n) for n in (1, 2, 3)),
        ],
        uses=[Use(service="dynamodb", operation="PutItem", resource="KeysTable", count=3, units=3, at=(20, 21, 22))],
    )

    assert [(row.label, row.count) for row in fold(moved(run)) if row.target == "KeysTable"] == [("PutItem", 3)]


def test_a_moment_belongs_to_the_chapter_in_which_the_function_was_at_work() -> None:
    run = crash_and_charge(at=(20, 520))
    known = graph("idempotent-proxy")

    told = moves(chapters(run, known), known, run)
    assert [[move.at for move in moves if move.target == "KeysTable"] for moves in told] == [[20], [520]]


def test_a_count_read_late_is_laid_to_no_one_if_it_may_be_anothers() -> None:
    events: list[Event] = [
        call(0, 40, "/charges", 201, method="POST", of=1),
        invocation(5, 30, "ChargesFunction", of=1),
        call(60, 40, "/charges", 201, method="POST", of=2),
        invocation(65, 30, "ChargesFunction", of=2),
        gauge(70, "ChargesTable", 0, "items"),
        gauge(150, "ChargesTable", 1, "items"),
    ]
    told_apart = run_of("idempotent-proxy", events, actions=[action(0, "Charge"), action(50, "Again")])
    together = run_of("idempotent-proxy", events, actions=[action(0, "Charge and again")])

    assert "ChargesFunction>ChargesTable" not in edges(told_apart)
    assert "ChargesFunction>ChargesTable" in edges(together)


def test_what_was_there_when_the_run_began_is_no_change() -> None:
    run = burst()
    (chapter,) = read(run)

    assert chapter.before["OrdersTable", "items"] == 3
    assert [(rise.resource, rise.value) for rise in chapter.rises] == [("OrderQueue", 20), ("OrdersTable", 23)]


def test_in_the_twin_a_function_that_calls_others_is_their_caller() -> None:
    run = run_of(
        "queue-based-event-distribution",
        [
            call(0, 200, "/orders", 201, method="POST"),
            invocation(5, 190, "OrderFunction"),
            invocation(40, 20, "BillingFunction"),
            invocation(80, 20, "ShippingFunction"),
        ],
        variant="naive",
    )

    assert edges(run)[:4] == [
        "Caller>OrderApi",
        "OrderApi>OrderFunction",
        "OrderFunction>BillingFunction",
        "OrderFunction>ShippingFunction",
    ]


def test_each_action_is_a_chapter_with_what_happened_until_the_next() -> None:
    run = run_of(
        "function-as-a-web-service",
        [call(10, 20, "/zones", of=1), call(210, 20, "/zones", of=2)],
        actions=[action(0, "Cold"), action(200, "Warm"), action(400, "Nothing")],
    )

    assert [(chapter.title, len(chapter.exchanges)) for chapter in read(run)] == [
        ("Cold", 1),
        ("Warm", 1),
        ("Nothing", 0),
    ]


@pytest.mark.parametrize("slug", sorted(library().by_slug))
@pytest.mark.parametrize("variant", ["pattern", "naive"])
def test_every_stack_has_a_map_with_a_caller_and_a_gateway(slug: str, variant: str) -> None:
    known = graph(slug, variant)

    assert known.first("actor")
    assert known.first("gateway")
    assert all(known.arrival(route.path) for route in known.routes)
    assert all(hop.source in known.places and hop.target in known.places for hop in known.hops)


def test_logical_ids_are_said_as_words() -> None:
    assert [spoken(id) for id in ("OrderQueue", "ParcelAPI", "Api")] == ["Order queue", "Parcel API", "Api"]


def test_live_lights_follow_an_order_through_the_stack() -> None:
    lights = Lights(graph("queue-based-load-leveling"))
    request = {"at": 1.0, "trace": trace(1), "method": "POST", "path": "/orders", "status": 202, "ms": 20}
    work = {"at": 1.1, "trace": trace(1), "function": "WorkerFunction", "ms": 5}

    assert lights.edges("request", request) == ["Caller>OrderApi", "OrderApi>OrderQueue"]
    assert lights.edges("invocation", work) == ["OrderQueue>WorkerFunction"]
    first = {"at": 1.1, "resource": "OrdersTable", "measure": "items", "value": 4}
    assert lights.edges("gauge", first) == []
    assert lights.edges("gauge", {**first, "at": 1.2, "value": 5}) == ["WorkerFunction>OrdersTable"]
    assert lights.edges("gauge", {**first, "at": 9.2, "value": 6}) == []  # nobody was seen at work
    assert lights.edges("log", {"at": 1.2, "function": "WorkerFunction"}) == []


def test_live_lights_tell_the_caller_who_waits_from_the_queue() -> None:
    lights = Lights(graph("asynchronous-request-reply"))
    intake = {"at": 1.0, "trace": trace(1), "function": "IntakeFunction", "ms": 5}
    worker = {"at": 1.5, "trace": trace(1), "function": "WorkerFunction", "ms": 5}

    assert lights.edges("invocation", intake) == ["Api>IntakeFunction"]
    assert lights.edges("invocation", worker) == ["IntakeFunction>JobsQueue", "JobsQueue>WorkerFunction"]
    assert lights.edges("invocation", worker) == ["JobsQueue>WorkerFunction"]
    assert lights.edges("invocation", {**worker, "trace": None}) == ["JobsQueue>WorkerFunction"]


def test_a_dead_letter_is_seen_by_its_queue() -> None:
    lights = Lights(graph("gateway-proxy"))
    letters = {"at": 1.0, "resource": "UnreadableScans", "measure": "visible", "value": 0}

    lights.edges("gauge", letters)
    assert lights.edges("gauge", {**letters, "value": 1}) == ["ScanQueue>UnreadableScans"]


def test_what_is_lit_is_drawn() -> None:
    run = burst()
    drawn = {f"{edge.source}>{edge.target}" for edge in library().get(run.pattern).diagram.edges}

    assert {edge.removeprefix("<") for edge in edges(run)} <= drawn


def test_a_gauge_reading_reported_late_was_zero_before() -> None:
    run = run_of(
        "gateway-proxy",
        [gauge(900, "UnreadableScans", 1), call(0, 10, "/scans", 202, method="POST")],
    )

    assert edges(run)[-1] == "ScanQueue>UnreadableScans"
