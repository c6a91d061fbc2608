"""The labs answer as /openapi.json says: the description stands in one part, the code in another."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.core.serializers.json import DjangoJSONEncoder
from django.urls import resolve
from django.utils import timezone
from jsonschema import Draft202012Validator

from catalogue.labs.demos.challenges.services import Progress
from catalogue.labs.demos.expectations import Check, StepAnswer
from catalogue.labs.demos.levers import Outcome
from catalogue.labs.demos.runner import StepResult
from catalogue.labs.demos.runs.represent import run_link, shared_link
from catalogue.labs.demos.sliders import Moved
from catalogue.labs.demos.steps.represent import result_document
from catalogue.labs.lifecycle.ownership import COOKIE
from catalogue.labs.models import Lab, SharedRun, Status
from catalogue.labs.models import Run as KeptRun
from catalogue.labs.views.boards.challenges import challenge_document
from catalogue.labs.views.boards.sliders import slider_document
from catalogue.labs.views.levers import lever_document, outcome_document
from catalogue.labs.views.represent import lab_document
from catalogue.labs.watching.feed import CallRow, Feed
from catalogue.labs.watching.gauges import Gauge
from catalogue.labs.watching.trace import LogLine
from catalogue.patterns.content.library import library
from catalogue.patterns.content.schemas.challenges import Challenge, Goal
from catalogue.patterns.content.schemas.pattern import Lever, Operation
from catalogue.patterns.content.schemas.sliders import Setting, Slider
from catalogue.patterns.costs.meter import read_meter
from catalogue.patterns.documents.openapi.description import openapi
from catalogue.patterns.documents.openapi.event_documents import EVENTS
from catalogue.patterns.runs.recorded import read_recorded
from tests.patterns.costs.runs import run, template, use

DESCRIPTION = openapi("https://patterns.example")


def validate(model: str, document: Any) -> None:
    whole = {"$ref": f"#/components/schemas/{model}", "components": DESCRIPTION["components"]}
    sent = json.loads(json.dumps(document, cls=DjangoJSONEncoder))
    Draft202012Validator(whole).validate(sent)
    known = DESCRIPTION["components"]["schemas"][model]["properties"]
    assert set(sent) <= set(known), "a member that the description does not know"


@pytest.mark.parametrize("status", list(Status))
def test_a_lab_is_as_described(status: Status) -> None:
    now = timezone.now()
    lab = Lab(pattern="gateway-proxy", status=status, expires_at=now + timedelta(minutes=30))
    if status == Status.READY:
        lab.ready_at = now
    if status in (Status.FAILED, Status.GONE):
        lab.reason = "Resource handler returned a message."

    validate("Lab", lab_document(lab))
    validate("CreatedLab", lab_document(lab) | {"token": "a"})


def test_a_steps_result_is_as_described() -> None:
    answer = StepAnswer(201, {"content-type": "application/json"}, '{"a": 1}', 12.5)
    check = Check("status is 201", True, "201")
    result = StepResult("order", (answer,), (check,), {"order_id": "x"}, "aws sqs purge-queue")

    validate("StepResult", result_document(result))
    validate("StepResult", result_document(result) | {"run": run_link(KeptRun(lab_id="l" * 22))})
    validate("StepResult", result_document(StepResult("redrive")))


def test_a_levers_outcome_is_as_described() -> None:
    seen = StepResult("close", (StepAnswer(202, {}, "", 3.5),), (Check("Queue visible ≥ 1", True, "1"),))
    validate("LeverOutcome", outcome_document(Outcome("close", "try", True, False, "Look.", trial=seen)))
    pulled = outcome_document(Outcome("close", "pull", True, True, "Closed", "aws sqs purge-queue --queue-url q"))
    validate("LeverOutcome", pulled | {"run": {"id": "r", "page": "/labs/l/runs/r"}})
    operation = Operation(action="purge", resource="Queue")
    lever = Lever(id="purge", title="Purge it", notice="It is gone.", pull=operation)
    validate("Levers", {"levers": [lever_document(lever, Lab(pulled=[]))]})


def test_a_challenge_and_a_slider_are_as_described() -> None:
    goals = (Goal(answers=202, equals=1),)
    challenge = Challenge.model_construct(
        id="one", title="Get one", task="One.", hint="Send it.", goals=goals, loses=(), wins=()
    )
    progress = Progress(1.5, False, (Check("answers 202 = 1", False, "0"),))
    validate("Challenge", challenge_document(challenge, progress))
    validate("Challenges", {"challenges": [challenge_document(challenge, Progress(0))]})
    setting = Setting(action="set-batch-size", resource="Source")
    slider = Slider(id="size", title="Batch size", notice="Look.", least=1, most=9, set=setting)
    validate("Sliders", {"sliders": [slider_document(slider, 3)]})
    validate("MovedSlider", vars(Moved("size", 3, "Batch size: 3.")))


def test_a_bill_is_as_described() -> None:
    uses = (use("api-gateway", "Request", "Api", 3), use("api-gateway", "Refusal", "Api", 1))
    meter = read_meter(run((), uses, ms=90_000), template(), 1_000_000, free_tier=True)
    validate("LabBill", {"lab": "l" * 22} | meter.document())


def test_a_run_is_as_described_kept_shared_or_recorded() -> None:
    validate("RunKept", {"run": run_link(KeptRun(lab_id="l" * 22))})
    validate("SharedRun", shared_link(SharedRun(expires_at=timezone.now())))
    for pattern in library().patterns():
        validate("Run", read_recorded(pattern).model_dump(mode="json"))


def test_every_event_of_a_labs_stream_is_as_described() -> None:
    lab = Lab(pattern="gateway-proxy", status=Status.READY, expires_at=timezone.now(), ready_at=timezone.now())
    feed = Feed("a-lab")
    feed._tell_document(lab)
    feed.tell_calls([CallRow(1, "a-lab", "1-2-3", "GET", "/zones", 200, 12.5, 1_790_000_000.5)])
    lines = [
        "START RequestId: a Version: $LATEST",
        '{"step": "priced"}',
        "plain",
        "REPORT RequestId: a\tDuration: 2.5 ms\tBilled Duration: 3 ms\tMemory Size: 128 MB",
    ]
    feed.tell_lines(LogLine("Web", "stream", 1_000 + n, line) for n, line in enumerate(lines))
    feed.tell_gauges([Gauge("Queue", "visible", 3)])
    feed._end("Its time is over.")

    events = feed._log.kept()
    assert {event.kind for event in events} == set(EVENTS)
    for event in events:
        validate(EVENTS[event.kind].__name__, json.loads(event.data))  # type: ignore[index]
    described = DESCRIPTION["paths"]["/labs/{id}/events"]["get"]["responses"]["200"]["content"]
    named = [each["$ref"].rsplit("/", 1)[1] for each in described["text/event-stream"]["schema"]["items"]["oneOf"]]
    kinds = [DESCRIPTION["components"]["schemas"][name]["properties"]["event"]["const"] for name in named]
    assert kinds == list(EVENTS)


def test_the_owners_cookie_is_the_described_one() -> None:
    assert DESCRIPTION["components"]["securitySchemes"]["owner"]["name"] == COOKIE


def test_every_described_address_of_the_labs_exists() -> None:
    for path in DESCRIPTION["paths"]:
        if path.startswith(("/labs", "/runs")):
            named = {
                "id": "l" * 22,
                "step_id": "say-hello",
                "lever_id": "close-it",
                "challenge_id": "one-dead-letter",
                "slider_id": "workers",
                "resource": "Api",
                "run_id": "r" * 22,
                "token": "t" * 22,
            }
            match = resolve(path.format(**named))
            assert match.app_names[0] in ("labs", "runs"), path
