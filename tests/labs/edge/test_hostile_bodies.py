"""Every JSON body of every demo with values that cannot be stored, sent to a deployed stack: refused, never a failure.

JSON can hold half of a surrogate pair (RFC 8259, section 8.2) and UTF-8 cannot, so AWS's services refuse such a text.
A number may have more digits than DynamoDB takes, and a body may be no object, or have a type that no model checks.
"""

import asyncio
import json
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from catalogue.labs.demos.expectations import StepAnswer, fill
from catalogue.labs.edge.client import call_edge
from catalogue.patterns.content.pattern import Pattern, load_pattern, pattern_folders
from catalogue.patterns.content.schemas.pattern import Request
from tests.labs.conftest import Deploy, run

pytestmark = pytest.mark.lab

CONTENT = Path(settings.BASE_DIR) / "patterns_content"
PATTERNS = [load_pattern(folder) for folder in pattern_folders(CONTENT)]
HOSTILE: tuple[Any, ...] = ("\ud83d", 10**40, 1e308, "x" * 3000, [], {}, True, None, "")
WHOLE = ('{"open": ', "[]", "null", '"text"', "true", "[" * 20_000, "")


class Fresh(dict[str, Any]):
    """A new identifier for each placeholder, so that no request is taken for a repetition of another."""

    def __missing__(self, name: str) -> str:
        return str(uuid.uuid4())

    def __contains__(self, name: object) -> bool:
        return True


def posts(pattern: Pattern) -> list[Request]:
    """The requests of the demo that send a JSON object, each route once."""
    assert pattern.demo is not None
    found = [step.request for step in pattern.demo.steps if step.request]
    bodies = [one for one in found if isinstance(one.json_body, dict)]
    return list({(one.method, one.path.count("/"), *one.json_body): one for one in bodies}.values())


def bodies_like(good: dict[str, Any]) -> list[tuple[str, str]]:
    """Content types and bodies. Of those that a model may not check, a few are enough."""
    bodies = [*(json.dumps({**good, name: value}) for name in good for value in HOSTILE), *WHOLE]
    unchecked = [json.dumps(dict.fromkeys(good, HOSTILE[0])), *WHOLE[:2], WHOLE[-2]]
    others = [(kind, body) for kind in ("text/plain", "Application/JSON") for body in unchecked]
    return [*(("application/json", body) for body in bodies), *others]


async def admitted(lab: str, method: str, path: str, headers: dict[str, str], body: str) -> StepAnswer:
    """The answer of what is behind the stage's throttle, which a fast machine meets."""
    for _ in range(30):
        answer = await call_edge(lab, method, path, headers, None, body)
        if answer.status != 429:
            return answer
        await asyncio.sleep(0.5)
    return answer


@pytest.mark.timeout(300)
@pytest.mark.parametrize("pattern", [one for one in PATTERNS if posts(one)], ids=lambda pattern: pattern.slug)
def test_what_cannot_be_stored_is_refused_and_breaks_nothing(pattern: Pattern, deploy: Deploy) -> None:
    lab = deploy(pattern)
    answers: list[tuple[int, str]] = []
    for request in posts(pattern):
        for kind, body in bodies_like(fill(request.json_body, Fresh())):
            path, headers = fill(request.path, Fresh()), fill(request.headers, Fresh())
            answer = run(admitted(lab.pk, request.method, path, {**headers, "content-type": kind}, body))
            answers.append((answer.status, f"{request.method} {request.path} {kind} {body[:100]}"))
    assert not [one for one in answers if one[0] >= 500 or one[0] == 429]
