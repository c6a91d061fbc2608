"""Schemathesis sends what `/openapi.json` describes, with right and wrong values."""

import random
from typing import Any

import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from schemathesis.generation import GenerationMode

from tests.reliability.fuzz.report import Report
from tests.reliability.fuzz.world import COMPARED, PATTERN, SECONDS, STEP, World

SLOW = ("/draw/", "/steps/", "/levers/", "/comparisons/", "/labs/")
"""Addresses whose right use takes seconds: it is asked of one request in twenty."""
_REAL: dict[str, dict[str, Any]] = {
    "POST /draw/": {"template": "Resources: {Topic: {Type: 'AWS::SNS::Topic'}}"},
    "POST /labs/": {"pattern": PATTERN},
    "POST /labs/begin": {"pattern": PATTERN},
    "POST /labs/comparisons/": {"pattern": COMPARED},
}


def fuzz_described(world: World, report: Report, count: int, number: int) -> dict[str, bool]:
    """Send `count` requests, an equal share to each operation; which operations were answered 2xx at least once."""
    schema: Any = schemathesis.openapi.from_url(f"{world.url}/openapi.json")
    operations = [result.ok() for result in schema.get_all_operations()]
    chance = random.Random(number)
    reached: dict[str, bool] = {}
    # The right request of each operation goes first: what a visitor may make in an hour is used up by the rest.
    for share in (1, max(1, -(-count // len(operations)) - 1)):
        for operation in operations:
            name = f"{operation.method.upper()} {operation.path}"
            reached[name] = _fuzz(operation, name, world, report, share, chance, number) or reached.get(name, False)
            world.refresh()
    return reached


def _fuzz(
    operation: Any, name: str, world: World, report: Report, count: int, chance: random.Random, number: int
) -> bool:
    reached = False
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    strategy: Any = operation.as_strategy(generation_mode=modes[0]) | operation.as_strategy(generation_mode=modes[1])
    likely = 0.05 if name.startswith("POST") and any(part in name for part in SLOW) else 0.5
    sent = 0

    def send(case: Any) -> None:
        nonlocal reached, sent
        sent += 1
        headers = dict(world.owner)
        if sent == 1 or chance.random() < likely:
            world.refresh()
            case.path_parameters = _existing(operation.path, world)
            if operation.method.upper() == "POST":
                case.body = _REAL.get(name, _body(name, world))
                case.media_type = "application/json"
                case.query, case.headers = {}, {}
                headers = dict(world.owner)
        try:
            with world.session.request(**_arguments(case, world, headers)) as answer:
                stream = answer.headers.get("Content-Type", "").startswith("text/event-stream")
                body = "" if stream else answer.text
                report.note(name, answer.status_code, body)
                reached = reached or 200 <= answer.status_code < 300
        except requests.Timeout as error:
            report.note_hung(name, repr(error))
        except (requests.RequestException, ValueError, UnicodeError):
            pass  # what cannot be sent has reached nobody

    settings: Any = hypothesis_settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(settings(given(strategy)(send)))()  # type: ignore[no-untyped-call]  # Schemathesis has few types
    return reached


def _arguments(case: Any, world: World, headers: dict[str, str]) -> dict[str, Any]:
    arguments: dict[str, Any] = case.as_transport_kwargs(base_url=world.url)
    merged = {**(arguments.pop("headers", None) or {}), **headers}
    return {**arguments, "headers": merged, "timeout": SECONDS, "stream": True, "allow_redirects": False}


def _existing(path: str, world: World) -> dict[str, str]:
    ids = world.ids
    if "/comparisons/" in path:
        return {"id": ids["comparison"]}
    named = {
        "slug": PATTERN,
        "path": "template.yaml",
        "id": ids["lab"],
        "step_id": STEP,
        "lever_id": ids["lever"],
        "challenge_id": ids["challenge"],
        "slider_id": ids["slider"],
        "resource": ids["resource"],
        "run_id": ids["run"],
        "token": ids["shared"],
    }
    return {name: value for name, value in named.items() if "{" + name + "}" in path}


def _body(name: str, world: World) -> Any:
    if name.endswith("/levers"):
        return {"do": "release"}
    if "/levers/" in name:
        return {"do": "pull"}
    if "/challenges/" in name:
        return {"do": "check"}
    if "/sliders/" in name:
        return {"value": 2}
    if name.endswith("/runs"):
        return {"trace": world.trace()}
    return {}
