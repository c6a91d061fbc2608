"""Where in the picture a lever breaks something."""

from pathlib import Path

from django.conf import settings

from catalogue.patterns.content.pattern import load_pattern, pattern_folders
from catalogue.patterns.content.schemas.pattern import Lever, Operation
from catalogue.patterns.diagrams.lever_places import places_of


def places(slug: str, **pull: object) -> tuple[tuple[str, ...], tuple[str, ...]]:
    lever = Lever(id="l", title="Lever", notice="Look.", pull=Operation.model_validate(pull))
    found = places_of(load_pattern(settings.BASE_DIR / "patterns_content" / slug), lever)
    return found.nodes, found.edges


def test_an_event_source_is_the_arrow_that_it_makes_and_whom_it_feeds() -> None:
    found = places("queue-based-load-leveling", action="disable-event-source", resource="WorkerEventSource")
    assert found == (("WorkerFunction",), ("OrderQueue>WorkerFunction",))


def test_a_permission_is_the_arrow_from_who_loses_it() -> None:
    denied = {"action": "revoke-permission", "name": "dynamodb:PutItem"}
    found = places("queue-based-load-leveling", resource="WorkerFunction", to="OrdersTable", **denied)
    assert found == (("WorkerFunction",), ("WorkerFunction>OrdersTable",))


def test_a_box_is_itself() -> None:
    assert places("queue-based-load-leveling", action="purge", resource="OrderQueue") == (("OrderQueue",), ())


def test_a_validator_is_part_of_its_api() -> None:
    nodes, _ = places("gateway-validator", action="disable-body-validation", resource="Validator")
    assert len(nodes) == 1


def test_every_lever_that_stays_pulled_is_seen_in_the_picture() -> None:
    hidden = []
    for folder in pattern_folders(Path(settings.BASE_DIR / "patterns_content")):
        pattern = load_pattern(folder)
        for lever in pattern.demo.levers if pattern.demo else ():
            if lever.release is not None and not places_of(pattern, lever).nodes:
                hidden.append((pattern.slug, lever.id))
    assert hidden == []
