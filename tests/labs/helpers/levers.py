"""Moves a lab's levers and holds each to what the demo says of it."""

from catalogue.labs.demos.levers import Move, Outcome, move_lever
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab
from catalogue.labs.targets import get_target
from catalogue.labs.watching import gauges
from catalogue.labs.watching.trace import LogReader
from catalogue.patterns.content.pattern import Pattern


def move_every_lever(lab: Lab, pattern: Pattern) -> None:
    """Pull each lever, look, release it, look. Raises AssertionError with what was not as told."""
    assert pattern.demo is not None
    for lever in pattern.demo.levers:
        moves: tuple[Move, ...] = ("pull", "try", "release", "try") if lever.release else ("pull",)
        for move in moves:
            outcome = move_lever(lab, lever, move)
            assert wrong(outcome) == [], f"{pattern.slug}, lever {lever.id}, {move}\n{logged(lab)}"
    lab.refresh_from_db()
    assert lab.pulled == []


def wrong(outcome: Outcome) -> list[str]:
    checks = outcome.trial.checks if outcome.trial else ()
    return [f"{check.what} (seen: {check.seen})" for check in checks if not check.ok]


def logged(lab: Lab) -> str:
    """The lab's newest log lines."""
    lines = gauges.read_logs(get_target(), resources_of(lab), int(lab.created_at.timestamp() * 1000))
    return "\n".join(str(event.data) for event in list(LogReader().read(lines))[-20:])
