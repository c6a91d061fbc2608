"""Calls and invocations light the edges of every service's relations, and stand under the right request."""

from typing import Any

import pytest

from catalogue.patterns.runs.analysis.chapters import chapters
from catalogue.patterns.runs.analysis.graph import Graph, Hop, Place
from catalogue.patterns.runs.analysis.lights import Lights
from catalogue.patterns.runs.analysis.moves import moves
from catalogue.patterns.services.model import Role, Route
from tests.patterns.runs.documents import call, invocation, run_of, trace

ROLES: dict[str, Role] = {"Client": "actor", "Api": "gateway", "Take": "function", "Work": "function"}


def graph(*edges: tuple[str, str, str], target: str = "Take") -> Graph:
    """A map of edges (source, kind, target); what is no function, API or client is `other`."""
    hops = tuple(Hop(source, to, "", "async", by) for source, by, to in edges)
    ids = dict.fromkeys(id for hop in hops for id in (hop.source, hop.target))
    places = {id: Place(id, id, ROLES.get(id, "other")) for id in ids}
    return Graph(places, hops, (Route("POST", "/orders", "Post", target),), {})


def request(**more: Any) -> dict[str, Any]:
    return {"method": "POST", "path": "/orders", "status": 202, "trace": "1-a", **more}


def lit(known: Graph, *invoked: str, calls: bool = True) -> list[str]:
    lights = Lights(known)
    found = lights.edges("request", request()) if calls else []
    for at, function in enumerate(invoked):
        found += lights.edges("invocation", {"function": function, "trace": "1-a", "at": float(at)})
    return found


@pytest.mark.parametrize(
    ("uses", "where", "invokes"),
    [
        ("environment", "Bucket", "notification"),
        ("policy", "Bus", "rule"),
        ("environment", "Stream", "event-source"),
        ("policy", "Machine", "task"),
        ("environment", "Topic", "subscription"),
        ("environment", "Source", "pipe"),
    ],
)
def test_what_a_function_hands_on_is_lit_up_to_the_function_that_gets_it(uses: str, where: str, invokes: str) -> None:
    known = graph(
        ("Client", "outside", "Api"), ("Api", "integration", "Take"), ("Take", uses, where), (where, invokes, "Work")
    )
    assert lit(known, "Take", "Work") == ["Client>Api", "Api>Take", f"Take>{where}", f"{where}>Work"]


@pytest.mark.parametrize(("where", "invokes"), [("Machine", "task"), ("Bus", "rule"), ("Stream", "event-source")])
def test_an_api_that_calls_a_service_itself_lights_it_and_then_the_function(where: str, invokes: str) -> None:
    known = graph(("Client", "outside", "Api"), ("Api", "integration", where), (where, invokes, "Work"), target=where)
    assert lit(known, "Work") == ["Client>Api", f"Api>{where}", f"{where}>Work"]


@pytest.mark.parametrize("invokes", ["schedule", "trigger", "alarm", "enrichment", "rotation"])
def test_what_begins_without_a_call_is_lit_by_the_invocation(invokes: str) -> None:
    assert lit(graph(("Source", invokes, "Work")), "Work", calls=False) == ["Source>Work"]


def test_a_function_with_an_address_of_its_own_is_called_from_outside() -> None:
    known = graph(("Client", "outside", "Take"))
    assert lit(known) == ["Client>Take"]
    run = run_of("gateway-proxy", [call(0, 20, "/orders", method="POST"), invocation(5, 10, "Take")])
    told = chapters(run, known)
    assert [work.function for work in told[0].exchanges[0].works] == ["Take"]
    assert [move.edge for each in moves(told, known, run) for move in each] == ["Client>Take", "Client>Take"]


def test_a_machine_that_an_api_started_works_on_its_own() -> None:
    known = graph(("Client", "outside", "Api"), ("Api", "integration", "Machine"), ("Machine", "task", "Work"))
    run = run_of("gateway-proxy", [call(0, 20, "/orders", 202, method="POST"), invocation(60, 10, "Work", of=1)])
    told = chapters(run, known)
    assert [work.function for work in told[0].deliveries] == ["Work"]
    assert trace(1) == told[0].deliveries[0].event.trace
