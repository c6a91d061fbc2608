"""Levers over HTTP: only those of the demo, only by the owner, one at a time, and told in both formats."""

import json
import threading
import time
from contextlib import ExitStack
from typing import Any

import pytest
from asgiref.sync import async_to_sync
from django.test import Client

from catalogue.labs.demos.operations import Stack, perform
from catalogue.labs.demos.runner import StepResult, arun_step
from catalogue.labs.edge.application import edge_in_use
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab, Run
from catalogue.labs.targets import get_target
from catalogue.labs.views import levers as lever_views
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Observe, Operation

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("content", "emulator")]

HTML = {"accept": "text/html"}
CLOSE = "close-the-worker"


@pytest.fixture
def visitor() -> Client:
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def made(visitor: Client) -> Any:
    lab = visitor.post("/labs/", json.dumps({"pattern": "postbox"}), content_type="application/json").json()
    yield lab
    visitor.delete(f"/labs/{lab['id']}")


def move(client: Client, lab: dict[str, Any], do: Any, lever: str = CLOSE, **more: Any) -> Any:
    address = f"/labs/{lab['id']}/levers/{lever}"
    return client.post(address, json.dumps({"do": do} | more), content_type="application/json")


def is_enabled(lab: dict[str, Any]) -> bool:
    uuid = resources_of(Lab.objects.get(pk=lab["id"]))["Delivery"].id
    state = get_target().client("lambda").get_event_source_mapping(UUID=uuid)["State"]
    assert state in ("Enabled", "Disabled")
    return bool(state == "Enabled")


def test_a_lever_is_pulled_tried_and_released(visitor: Client, made: dict[str, Any]) -> None:
    assert made["pulled"] == []
    pulled = move(visitor, made, "pull").json()
    assert (pulled["pulled"], pulled["changed"], pulled["ok"]) == (True, True, True)
    assert pulled["cli"].startswith("aws lambda update-event-source-mapping --uuid ")
    assert pulled["cli"].endswith(" --no-enabled")
    assert not is_enabled(made)
    assert visitor.get(f"/labs/{made['id']}").json()["pulled"] == [CLOSE]

    tried = move(visitor, made, "try").json()
    assert (tried["changed"], tried["ok"], tried["cli"]) == (False, True, None)
    assert [check["what"] for check in tried["trial"]["checks"]] == ["answers 202", "Letters visible ≥ 1"]

    released = move(visitor, made, "release").json()
    assert (released["pulled"], released["says"]) == (False, "Open the worker")
    assert released["cli"].endswith(" --enabled")
    assert is_enabled(made)
    assert move(visitor, made, "try").json()["trial"]["checks"] == [
        {"what": "Letters messages = 0", "ok": True, "seen": "0"}
    ]
    titles = [run.document["title"] for run in Run.objects.filter(lab=made["id"]).order_by("created_at")]
    assert titles == ["Close the worker", "Try: Close the worker", "Open the worker", "Try: Close the worker"]


def test_doing_what_is_done_already_is_harmless_and_said(visitor: Client, made: dict[str, Any]) -> None:
    assert move(visitor, made, "release").json()["says"] == "It is not pulled."
    assert is_enabled(made)
    move(visitor, made, "pull")
    again = move(visitor, made, "pull").json()
    assert (again["pulled"], again["changed"], again["cli"]) == (True, False, None)
    assert again["says"] == "It is already pulled."
    assert "run" not in again


def test_what_happens_once_is_looked_at_at_once_and_never_pulled(visitor: Client, made: dict[str, Any]) -> None:
    done = move(visitor, made, "pull", "burn").json()
    assert (done["pulled"], done["ok"], len(done["trial"]["checks"])) == (False, True, 1)
    assert visitor.get(done["run"]["page"]).status_code == 200
    assert Lab.objects.get(pk=made["id"]).pulled == []
    for do in ("release", "try"):
        assert move(visitor, made, do, "burn").status_code == 409


def test_only_the_owner_moves_levers(visitor: Client, made: dict[str, Any]) -> None:
    stranger = Client()
    assert move(stranger, made, "pull").status_code == 403
    foreign = {"Origin": "https://elsewhere.example"}
    assert visitor.post(f"/labs/{made['id']}/levers/{CLOSE}", {"do": "pull"}, headers=foreign).status_code == 403
    assert visitor.get(f"/labs/{made['id']}/levers/{CLOSE}").status_code == 405
    assert is_enabled(made)
    token = {"authorization": f"Bearer {made['token']}"}
    assert stranger.post(f"/labs/{made['id']}/levers/{CLOSE}", {"do": "pull"}, headers=token).status_code == 200
    assert not is_enabled(made)


@pytest.mark.parametrize(
    ("lever", "body", "status"),
    [
        ("purge", {"do": "pull"}, 404),
        ("disable-event-source", {"do": "pull"}, 404),
        (CLOSE, {"do": "purge"}, 422),
        (CLOSE, {"do": ["pull"]}, 422),
        (CLOSE, {"do": None}, 422),
        (CLOSE, {}, 422),
        (CLOSE, [], 400),
    ],
)
def test_a_forged_lever_or_move_changes_nothing(
    visitor: Client, made: dict[str, Any], lever: str, body: Any, status: int
) -> None:
    address = f"/labs/{made['id']}/levers/{lever}"
    response = visitor.post(address, json.dumps(body), content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert is_enabled(made)
    assert Run.objects.count() == 0


def test_an_operation_or_resource_in_the_request_is_not_heard(visitor: Client, made: dict[str, Any]) -> None:
    forged: dict[str, Any] = {
        "pull": {"action": "purge", "resource": "Letters"},
        "resource": "DeadLetters",
        "action": "purge",
    }
    assert move(visitor, made, "pull", **forged).json()["cli"].endswith("--no-enabled")


def test_two_pulls_at_once_act_once(visitor: Client, made: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    acting: list[Operation] = []
    another = threading.Event()

    def slowly(stack: Stack, operation: Operation) -> str:
        """The first waits a moment for a second one, which must not come."""
        acting.append(operation)
        if len(acting) > 1:
            another.set()
        another.wait(0.7)
        return perform(stack, operation)

    monkeypatch.setattr("catalogue.labs.demos.operations.perform", slowly)
    token = {"authorization": f"Bearer {made['token']}"}
    answers: list[dict[str, Any]] = []
    ready = threading.Barrier(2)

    def pull() -> None:
        client = Client()
        ready.wait()
        answers.append(client.post(f"/labs/{made['id']}/levers/{CLOSE}", {"do": "pull"}, headers=token).json())

    threads = [threading.Thread(target=pull) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(acting) == 1
    assert sorted(answer["changed"] for answer in answers) == [False, True]
    assert Lab.objects.get(pk=made["id"]).pulled == [CLOSE]
    assert Lab.objects.get(pk=made["id"]).claimed_until is None


def test_a_lab_moves_a_few_levers_at_once_and_no_more(visitor: Client, made: dict[str, Any]) -> None:
    with ExitStack() as held:
        for _ in range(3):
            held.enter_context(lever_views._moves.one_of(made["id"]))
        refused = move(visitor, made, "pull")
    assert (refused.status_code, refused["Retry-After"]) == (429, "2")
    assert is_enabled(made)


def test_what_aws_refuses_is_reported_and_the_lever_stays(visitor: Client, made: dict[str, Any]) -> None:
    refused = move(visitor, made, "pull", "unknown-queue")
    assert (refused.status_code, refused["Content-Type"]) == (409, "application/problem+json")
    assert "AWS refused the operation" in refused.json()["detail"]
    assert Lab.objects.get(pk=made["id"]).claimed_until is None


def test_a_gone_labs_levers_are_gone(visitor: Client, made: dict[str, Any]) -> None:
    visitor.delete(f"/labs/{made['id']}")
    assert move(visitor, made, "pull").status_code == 410


def test_a_form_leads_back_to_the_page_with_what_came_of_it(visitor: Client, made: dict[str, Any]) -> None:
    address = f"/labs/{made['id']}/levers/{CLOSE}"
    response = visitor.post(address, {"do": "pull"}, headers=HTML)
    assert response.status_code == 303
    page = visitor.get(response["Location"].partition("#")[0], headers=HTML).content.decode()
    assert response["Location"].endswith(f"#lever-{CLOSE}")
    uuid = resources_of(Lab.objects.get(pk=made["id"]))["Delivery"].id
    assert f"aws lambda update-event-source-mapping --uuid {uuid} --no-enabled" in page
    elsewhere = Client().get(response["Location"].partition("#")[0], headers=HTML).content.decode()
    assert uuid not in elsewhere
    assert 'aria-pressed="true"' in page
    assert "Press again to fix it: <em>Open the worker</em>" in page
    tried = visitor.post(address, {"do": "try"}, headers=HTML)
    shown = visitor.get(tried["Location"].partition("#")[0], headers=HTML).content.decode()
    assert "Letters visible ≥ 1" in shown
    forged = visitor.get(f"/labs/{made['id']}?lever={CLOSE}&run=' OR 1=1", headers=HTML)
    assert forged.status_code == 200


def test_the_levers_are_listed_with_how_they_stand(visitor: Client, made: dict[str, Any]) -> None:
    move(visitor, made, "pull")
    levers = Client().get(f"/labs/{made['id']}/levers").json()["levers"]
    assert [(lever["id"], lever["pulled"]) for lever in levers[:2]] == [(CLOSE, True), ("burn", False)]
    assert levers[1]["released"] is None
    board = Client().get(f"/labs/{made['id']}/levers?part=board").content.decode()
    assert 'data-nodes="' in board
    assert "disabled" in board  # whoever did not start the lab may look only
    assert "disabled" not in visitor.get(f"/labs/{made['id']}/levers?part=board").content.decode()


def test_a_step_that_does_the_same_moves_the_lever(visitor: Client, made: dict[str, Any]) -> None:
    assert visitor.post(f"/labs/{made['id']}/steps/disable").json()["ok"]
    assert visitor.get(f"/labs/{made['id']}").json()["pulled"] == [CLOSE]
    assert move(visitor, made, "release").json()["changed"]


def test_a_lever_stands_as_the_step_left_it_while_the_steps_effects_are_awaited(
    made: dict[str, Any], postbox: Pattern
) -> None:
    lab = Lab.objects.get(pk=made["id"])
    assert postbox.demo is not None
    disable = next(step for step in postbox.demo.steps if step.id == "disable")
    never = Observe(resource="Letters", measure="visible", at_least=1, within=2)
    stood: list[tuple[float, list[str]]] = []

    def performed(operation: Operation) -> None:
        lever_views.note_operation(lab, operation)
        stood.append((time.monotonic(), Lab.objects.get(pk=lab.pk).pulled))

    async def taken() -> StepResult:
        async with edge_in_use():
            return await arun_step(lab, disable.model_copy(update={"observe": [never]}), {}, performed=performed)

    result = async_to_sync(taken)()
    assert not result.ok, "nothing is in the queue, so the whole time was waited for"
    ((at, pulled),) = stood
    assert pulled == [CLOSE]
    assert time.monotonic() - at > 1.5, "the lever was moved before the wait, not after it"


def test_a_role_of_another_stack_is_out_of_reach(visitor: Client, made: dict[str, Any]) -> None:
    resources = resources_of(Lab.objects.get(pk=made["id"]))
    roles = {name: resource for name, resource in resources.items() if resource.type == "AWS::IAM::Role"}
    kept = {name: resource for name, resource in resources.items() if name not in roles}
    operation = Operation(action="revoke-permission", resource="Web", to="Letters", name="sqs:SendMessage")
    with pytest.raises(Exception, match="not one of this stack's own"):
        perform(Stack(get_target(), kept), operation)
    for role in roles.values():
        assert "lever-deny" not in str(get_target().client("iam").list_role_policies(RoleName=role.id)["PolicyNames"])


def test_all_faults_are_reset_at_once_and_only_by_the_owner(visitor: Client, made: dict[str, Any]) -> None:
    board = f"/labs/{made['id']}/levers"
    move(visitor, made, "pull")
    assert Client().post(board, {"do": "release"}).status_code == 403
    assert not is_enabled(made)
    assert visitor.post(board, {"do": "pull"}, headers={"accept": "application/json"}).status_code == 422
    reset = visitor.post(board, json.dumps({"do": "release"}), content_type="application/json")
    assert reset.json() == {"pulled": []}
    assert is_enabled(made)
    move(visitor, made, "pull")
    shown = visitor.post(board, {"do": "release"}, headers=HTML)
    assert shown.status_code == 303
    assert is_enabled(made)
    again = visitor.post(board, {"do": "release"}, headers=HTML)
    assert again.headers["Location"] == f"/labs/{made['id']}"
