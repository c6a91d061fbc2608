"""A run on two real labs: what is sent, what is counted, and what is said when it comes to nothing."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from pytest_django import Settings

from catalogue.labs.demos.comparisons import services
from catalogue.labs.demos.comparisons.conduct import RunFailed, conduct
from catalogue.labs.demos.comparisons.readings import settle
from catalogue.labs.lifecycle.services import end_lab
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Comparison, EdgeCall, Lab
from catalogue.labs.models import Run as KeptRun
from catalogue.labs.targets import emulators, get_target
from catalogue.labs.watching import gauges
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.comparison import Side, Traffic
from catalogue.patterns.runs.document import Run

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]


def run(comparison: Comparison, pattern: Pattern, seconds: float = 60) -> Any:
    return asyncio.run(conduct(services.labs_of(comparison), pattern, seconds))


def sent_to(lab: Lab) -> list[str]:
    return [f"{call.method} {call.path}" for call in EdgeCall.objects.filter(lab=lab).order_by("at")]


def with_traffic(pattern: Pattern, **part: Any) -> Pattern:
    assert pattern.compare is not None
    traffic = (Traffic.model_validate({"id": "one", "title": "The one part", **part}),)
    return replace(pattern, compare=pattern.compare.model_copy(update={"traffic": traffic}))


def test_both_sides_are_counted_on_their_own_stacks(comparison: Comparison, twins: Pattern) -> None:
    result = run(comparison, twins)
    pattern, naive = (result["sides"][side]["figures"] for side in ("pattern", "naive"))
    target = get_target()
    tables = [resources_of(lab)["Delivered"] for lab in (comparison.pattern_lab, comparison.naive_lab)]
    assert [gauges.read_resource(target, table)["items"] for table in tables] == [3, 0]
    assert (pattern["lost"], naive["lost"]) == (0, 3)
    assert (pattern["waiting"], naive["waiting"]) == (0, 3)
    assert (pattern["opened"], naive["opened"]) == (3, 0)
    assert (pattern["invocations"], naive["invocations"]) == (8, 4)
    assert (pattern["requests"], naive["requests"]) == (5, 4)
    assert (pattern["errors"], pattern["failed"], naive["failed"]) == (1, 1, 0)
    assert result["sides"]["pattern"]["statuses"] == {"200": 1, "202": 3, "502": 1}
    assert 0 < pattern["p50_ms"] <= pattern["p95_ms"]
    assert all(claim["ok"] for claim in result["claims"])


def test_both_get_the_same_requests_in_the_same_order_but_for_values_of_their_own(
    comparison: Comparison, twins: Pattern
) -> None:
    result = run(comparison, twins)
    pattern, naive = sent_to(comparison.pattern_lab), sent_to(comparison.naive_lab)
    assert pattern[:3] == naive[:3] == ["POST /letters"] * 3
    assert pattern[3].startswith("GET /look?letter=")
    assert naive[3].startswith("GET /look?letter=")
    assert pattern[3] != naive[3]  # each side's own letter
    assert pattern[4:] == ["GET /fail"]
    assert naive[4:] == []
    parts = {part["id"]: part for part in result["parts"]}
    assert parts["pattern-only"]["naive"]["left_out"] == "This stack has no such route."
    assert "the nothing that this request needs" in parts["ask-in-vain"]["pattern"]["left_out"]


def test_a_second_run_on_the_same_labs_counts_only_what_it_brought(comparison: Comparison, twins: Pattern) -> None:
    first, second = run(comparison, twins), run(comparison, twins)
    assert first["run"] != second["run"]
    for side in ("pattern", "naive"):
        one, other = first["sides"][side]["figures"], second["sides"][side]["figures"]
        for figure in ("lost", "waiting", "opened", "invocations", "requests"):
            assert one[figure] == other[figure], (side, figure)
        assert second["sides"][side]["unsettled"] == []


def test_each_sides_run_is_kept_to_be_replayed(comparison: Comparison, twins: Pattern) -> None:
    result = run(comparison, twins)
    for side, lab in services.labs_of(comparison).items():
        kept = KeptRun.objects.get(pk=result["sides"][side]["run"])
        assert kept.lab_id == lab.pk
        document = Run.model_validate(kept.document)
        assert document.variant == side
        assert [action.title for action in document.actions][:2] == ["Post three letters", "Ask after the last"]
        assert result["sides"][side]["cost"]["usd_per_million"] > 0


def test_operations_are_done_on_the_side_that_they_are_for(comparison: Comparison, twins: Pattern) -> None:
    closed = {"action": "set-concurrency", "resource": "Worker", "value": 0}
    changed = with_traffic(twins, operation={"pattern": closed})
    assert changed.compare is not None
    changed = replace(changed, compare=changed.compare.model_copy(update={"settle": type(changed.compare.settle)()}))
    part = run(comparison, changed)["parts"][0]
    assert part["pattern"]["cli"].startswith("aws lambda put-function-concurrency")
    assert part["naive"]["left_out"] == "Nothing to do here."


def test_what_does_not_settle_in_time_is_reported(comparison: Comparison, twins: Pattern) -> None:
    assert twins.compare is not None
    never = twins.compare.settle.pattern[0].model_copy(update={"equals": 4, "within": 0.5})
    settle = twins.compare.settle.model_copy(update={"pattern": (never,)})
    changed = replace(twins, compare=twins.compare.model_copy(update={"settle": settle}))
    result = run(comparison, changed)
    (late,) = result["sides"]["pattern"]["unsettled"]
    assert late.startswith("Delivered items = 4 (seen: ")
    assert result["sides"]["naive"]["unsettled"] == []


def test_a_run_ends_when_its_time_is_over(comparison: Comparison, twins: Pattern) -> None:
    slow = with_traffic(twins, request={"method": "GET", "path": "/slow?seconds=8"})
    with pytest.raises(RunFailed, match="did not finish within 1 seconds"):
        run(comparison, slow, seconds=1)


def test_an_operation_that_aws_refuses_ends_it_with_the_reason(comparison: Comparison, twins: Pattern) -> None:
    refused = {"action": "redrive", "resource": "Nowhere", "to": "Letters"}
    with pytest.raises(RunFailed, match="“The one part” could not be done: The stack has no resource Nowhere"):
        run(comparison, with_traffic(twins, operation={"naive": refused}))


@pytest.mark.parametrize(("side", "name"), [("pattern", "the pattern"), ("naive", "its naive twin")])
def test_a_lab_that_is_gone_in_between_is_reported(
    comparison: Comparison, twins: Pattern, monkeypatch: pytest.MonkeyPatch, side: Side, name: str
) -> None:
    async def and_then_gone(*args: Any) -> Any:
        late = await settle(*args)
        await in_database(end_lab, services.labs_of(comparison)[side], "Its time ran out.")
        return late

    monkeypatch.setattr("catalogue.labs.demos.comparisons.conduct.settle", and_then_gone)
    with pytest.raises(RunFailed, match=f"The lab of {name} is gone. Its time ran out."):
        run(comparison, twins)


def test_an_emulator_that_is_away_is_reported(
    comparison: Comparison, twins: Pattern, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    monkeypatch.setenv("EMBEDDED_AWS_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(emulators, "RESTART_SECONDS", 0.2)
    with pytest.raises(RunFailed, match=r"did not answer|is gone"):
        run(comparison, twins)
