"""Plays what challenges.yaml lists: how a challenge is lost, and how it is won. Tests and `try_pattern` use it."""

from collections.abc import Iterable, Mapping

from asgiref.sync import async_to_sync

from catalogue.labs.demos.challenges.services import Progress, acheck, begin
from catalogue.labs.demos.levers import amove_lever
from catalogue.labs.demos.runner import arun_step, send
from catalogue.labs.edge.application import edge_in_use
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.challenges import Challenge, Play
from catalogue.patterns.content.schemas.comparison import Side

_CHECKS = 4


def play_challenge(labs: Mapping[Side, Lab], pattern: Pattern, challenge: Challenge) -> tuple[Progress, Progress]:
    """What the check says after the way that loses, and, after a new beginning, after the way that wins."""

    async def played() -> tuple[Progress, Progress]:
        lab = labs["pattern"]
        async with edge_in_use():
            await in_database(begin, lab, challenge)
            await _play(labs, pattern, challenge.loses)
            lost = await acheck(lab, challenge)
            await in_database(begin, lab, challenge)
            await _play(labs, pattern, challenge.wins)
            return lost, await _won(lab, challenge)

    return async_to_sync(played)()


async def _won(lab: Lab, challenge: Challenge) -> Progress:
    """What the check says, asked again a few times, as a visitor would while the stack is still at work."""
    for _ in range(_CHECKS):
        progress = await acheck(lab, challenge)
        if progress.ok:
            break
    return progress


async def _play(labs: Mapping[Side, Lab], pattern: Pattern, plays: Iterable[Play]) -> None:
    """Raises KeyError for a step or lever that the demo does not have."""
    demo, lab = pattern.demo, labs["pattern"]
    assert demo is not None
    steps, levers = {step.id: step for step in demo.steps}, {lever.id: lever for lever in demo.levers}
    for play in plays:
        if play.step is not None:
            result = await arun_step(lab, steps[play.step], lab.saved)
            await in_database(services.save_variables, lab, result.saved)
        elif play.lever is not None:
            await amove_lever(lab, levers[play.lever], play.do)
        else:
            assert play.request is not None
            await send(labs[play.side], play.request, {})
