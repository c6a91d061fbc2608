"""The labs over HTTP: made, looked at, driven and deleted by whoever may, and refused in the format asked for."""

import json
from typing import Any

import pytest
from django.test import Client
from pytest_django import Settings

from catalogue.labs.lifecycle.ownership import COOKIE
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import emulators

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("content", "emulator")]

HTML = {"accept": "text/html"}


def create(client: Client, **options: Any) -> Any:
    return client.post("/labs/", json.dumps({"pattern": "postbox"}), content_type="application/json", **options)


def test_a_lab_is_made_with_all_that_is_needed_to_use_it(made: dict[str, Any], settings: Settings) -> None:
    assert {"id", "status", "endpoint", "token", "expires_at"} <= made.keys()
    assert made["status"] == "ready"
    assert made["endpoint"] == f"{settings.SITE_URL}/live/{made['id']}"
    assert len(made["id"]) == 22


def test_the_owners_cookie_is_signed_and_out_of_scripts_reach(visitor: Client, made: dict[str, Any]) -> None:
    cookie = visitor.cookies[COOKIE]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
    assert cookie.value.count(":") == 2


def test_a_form_leads_to_the_labs_page(visitor: Client) -> None:
    response = visitor.post("/labs/", {"pattern": "postbox"}, headers=HTML)
    assert response.status_code == 303
    page = visitor.get(response["Location"], headers=HTML)
    text = page.content.decode()
    lab_id = response["Location"].removeprefix("/labs/")
    assert page.status_code == 200
    assert f"/live/{lab_id}" in text
    assert f'action="/labs/{lab_id}/steps/look#step-look"' in text
    assert "noindex" in text
    done = visitor.post(f"/labs/{lab_id}/steps/look", headers=HTML)
    assert done.status_code == 200
    assert "As expected:" in done.content.decode()
    gone = visitor.post(f"/labs/{lab_id}/delete", headers=HTML)
    assert (gone.status_code, gone["Location"]) == (303, "/patterns/postbox/")
    after = visitor.get(f"/labs/{lab_id}", headers=HTML).content.decode()
    assert "You deleted it." in after
    assert "Run it again" in after


def test_the_state_tells_no_token(visitor: Client, made: dict[str, Any]) -> None:
    response = Client().get(f"/labs/{made['id']}")
    seen = json.loads(response.content)
    assert (seen["status"], seen["pattern"]) == ("ready", "postbox")
    assert "token" not in seen
    assert response["Cache-Control"] == "no-store"


def test_only_cookie_or_token_manage_a_lab(visitor: Client, made: dict[str, Any]) -> None:
    step = f"/labs/{made['id']}/steps/look"
    stranger = Client()
    assert stranger.post(step).status_code == 403
    assert stranger.delete(f"/labs/{made['id']}").status_code == 403
    assert stranger.post(f"/labs/{made['id']}/delete").status_code == 403
    assert stranger.post(step, headers={"authorization": "Bearer wrong"}).status_code == 403
    visitor.cookies[COOKIE] = visitor.cookies[COOKIE].value[:-2] + "xx"
    assert visitor.post(step).status_code == 403
    taken = stranger.post(step, headers={"authorization": f"Bearer {made['token']}"})
    assert json.loads(taken.content)["ok"] is True
    assert (
        stranger.delete(f"/labs/{made['id']}", headers={"authorization": f"bearer {made['token']}"}).status_code == 204
    )
    assert Lab.objects.get(pk=made["id"]).status == Status.GONE


@pytest.mark.parametrize(
    "said",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://["},
        {"origin": "https://testserver"},
        {"origin": "http://testserver:99999"},
        {"origin": "http://user@testserver"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_another_sites_page_cannot_act_with_the_cookie(
    visitor: Client, made: dict[str, Any], said: dict[str, str]
) -> None:
    for path in (f"/labs/{made['id']}/steps/look", f"/labs/{made['id']}/delete"):
        assert visitor.post(path, headers=said).status_code == 403
    assert create(visitor, headers=said).status_code == 403
    assert Lab.objects.get(pk=made["id"]).status == Status.READY


def test_the_sites_own_pages_may(visitor: Client, made: dict[str, Any]) -> None:
    own = {"origin": "http://testserver", "sec-fetch-site": "same-origin"}
    assert visitor.post(f"/labs/{made['id']}/steps/look", headers=own).status_code == 200


def test_a_step_tells_answers_checks_and_what_it_saved(visitor: Client, made: dict[str, Any]) -> None:
    result = json.loads(visitor.post(f"/labs/{made['id']}/steps/look").content)
    assert result["step"] == "look"
    assert result["ok"] is True
    assert result["answers"][0]["status"] == 200
    assert result["answers"][0]["ms"] > 0
    assert {"what", "ok", "seen"} == result["checks"][0].keys()
    assert result["saved"] == {"calls": 1, "kind": "application/json"}
    assert Lab.objects.get(pk=made["id"]).saved == result["saved"]
    operation = json.loads(visitor.post(f"/labs/{made['id']}/steps/disable").content)
    assert operation["cli"].startswith("aws lambda update-event-source-mapping --uuid ")


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ("{", "application/json", 400),
        ("[]", "application/json", 400),
        ("[" * 100_000, "application/json", 400),
        ('"postbox"', "application/json", 400),
        ("{}", "application/json", 422),
        ('{"pattern": 5}', "application/json", 422),
        ('{"pattern": "no-such"}', "application/json", 422),
        ('{"pattern": "../../etc"}', "application/json", 422),
        ('{"pattern": "postbox\\u0000"}', "application/json", 422),
        ("pattern=no-such", "application/x-www-form-urlencoded", 422),
        ("", "application/x-www-form-urlencoded", 422),
        ("<a/>", "application/xml", 415),
        ("x" * 1_100_000, "application/json", 413),
        (b"\xff\xfe", "application/json", 400),
    ],
)
def test_a_bad_request_is_refused_in_both_formats(visitor: Client, body: str | bytes, kind: str, status: int) -> None:
    response = visitor.post("/labs/", body, content_type=kind)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    page = visitor.post("/labs/", body, content_type=kind, headers=HTML)
    assert page.status_code == status
    assert page["Content-Type"].startswith("text/html")
    assert Lab.objects.count() == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("put", "/labs/", 405),
        ("put", f"/labs/{'A' * 22}", 405),
        ("get", f"/labs/{'A' * 22}", 404),
        ("get", f"/labs/{'A' * 22}/events", 404),
        ("post", f"/labs/{'A' * 22}/steps/look", 404),
        ("delete", f"/labs/{'A' * 22}", 404),
        ("get", f"/labs/{'A' * 22}/steps/look", 405),
        ("get", f"/labs/{'A' * 22}/delete", 405),
        ("get", "/labs/%00", 400),
        ("get", "/labs/../labs/x", 404),
    ],
)
def test_what_is_not_there_is_refused(visitor: Client, method: str, path: str, status: int) -> None:
    response = visitor.generic(method.upper(), path)
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")


def test_unknown_steps_and_odd_saved_values_are_refused(visitor: Client, made: dict[str, Any]) -> None:
    base = f"/labs/{made['id']}/steps/"
    assert visitor.post(base + "no-such").status_code == 404
    for saved in ([1], {"a": {"b": 1}}, {str(n): n for n in range(51)}):
        response = visitor.post(base + "look", json.dumps({"saved": saved}), content_type="application/json")
        assert response.status_code == 422
        assert json.loads(response.content)["detail"]
    fine = visitor.post(base + "look", json.dumps({"saved": {"a": "\r\nX: y"}}), content_type="application/json")
    assert fine.status_code == 200


@pytest.mark.parametrize(
    ("body", "status", "why"),
    [
        ('{"saved": ' + "[" * 100_000 + "]" * 100_000 + "}", 400, "JSON"),
        ('{"saved": ' + '{"a":' * 100_000 + "1" + "}" * 100_001, 400, "JSON"),
        ('{"saved": {"calls": 1' + "0" * 5_000 + "}}", 400, "JSON"),
        ('{"saved": {"calls": "\\ud800"}}', 422, "surrogate"),
        ('{"saved": {"calls": "\\u0000"}}', 422, "null"),
        ('{"saved": {"calls": 1e999}}', 422, "finite"),
        ('{"saved": {"calls": NaN}}', 422, "finite"),
        ('{"saved": {"calls": null}}', 422, "strings"),
        ('{"saved": {"a-b": 1}}', 422, "name"),
        ('{"saved": {"calls": "' + "x" * 4_001 + '"}}', 422, "4,000"),
        ('{"saved": "calls"}', 422, "object"),
    ],
)
def test_saved_values_that_are_ill_formed_are_refused_with_a_reason(
    visitor: Client, made: dict[str, Any], body: str, status: int, why: str
) -> None:
    response = visitor.post(f"/labs/{made['id']}/steps/again", body, content_type="application/json")
    assert (response.status_code, response["Content-Type"]) == (status, "application/problem+json")
    assert why in json.loads(response.content)["detail"]


@pytest.mark.parametrize(
    ("kind", "failed"),
    [
        ("~.*", ["header content-type is ~.*"]),
        ("~(", ["header content-type is ~("]),
        ("a\r\nb: c", ["the request can be sent"]),
        ("\x7f", ["the request can be sent"]),
    ],
)
def test_what_a_visitor_sends_as_saved_is_no_pattern_and_breaks_nothing(
    visitor: Client, made: dict[str, Any], kind: str, failed: list[str]
) -> None:
    saved = json.dumps({"saved": {"kind": kind, "calls": "1"}})
    result = json.loads(visitor.post(f"/labs/{made['id']}/steps/again", saved, content_type="application/json").content)
    assert [check["what"] for check in result["checks"] if not check["ok"]] == failed


def test_past_the_limit_the_answer_says_when_and_which_labs_run(
    visitor: Client, made: dict[str, Any], settings: Settings
) -> None:
    settings.LABS_PER_VISITOR = 1
    response = create(visitor)
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    (running,) = json.loads(response.content)["labs"]
    assert (running["id"], running["title"], running["page"]) == (made["id"], "Postbox", made["page"])
    page = visitor.post("/labs/", {"pattern": "postbox"}, headers=HTML)
    assert (page.status_code, page["Cache-Control"]) == (429, "no-store")
    assert f'action="/labs/{made["id"]}/delete"' in page.content.decode()
    assert 'action="/labs/"' in page.content.decode(), "the same again, once there is room"


def test_a_failed_deployment_tells_its_reason_on_page_and_in_json(visitor: Client) -> None:
    response = visitor.post("/labs/", {"pattern": "broken"})
    lab = json.loads(response.content)
    assert (response.status_code, lab["status"]) == (201, "failed")
    assert "VisibilityTimeout" in lab["reason"]
    page = visitor.get(f"/labs/{lab['id']}", headers=HTML).content.decode()
    assert "VisibilityTimeout" in page
    assert "Run it again" in page


def test_while_aws_is_away_making_a_lab_says_when_to_come_back(
    visitor: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EMBEDDED_AWS_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(emulators, "RESTART_SECONDS", 0.2)
    response = create(visitor)
    assert (response.status_code, response["Retry-After"]) == (503, "2")


def test_a_step_on_a_gone_lab_is_a_410(visitor: Client, made: dict[str, Any]) -> None:
    visitor.delete(f"/labs/{made['id']}")
    assert visitor.post(f"/labs/{made['id']}/steps/look").status_code == 410


def test_the_event_stream_knows_only_reading() -> None:
    refused = Client(enforce_csrf_checks=True).post("/labs/AAAAAAAAAAAAAAAAAAAAAA/events")
    assert refused.status_code == 405
    assert "GET" in refused.headers["Allow"]


def test_a_labs_time_is_extended_once_and_only_by_its_owner(visitor: Client, made: dict[str, Any]) -> None:
    address = f"/labs/{made['id']}/extend"
    assert Client().post(address).status_code == 403
    assert made["extendable"]
    extended = visitor.post(address)
    assert extended.status_code == 200
    assert extended.json()["expires_at"] > made["expires_at"]
    assert not extended.json()["extendable"]
    again = visitor.post(address)
    assert again.status_code == 409
    assert again.headers["Content-Type"] == "application/problem+json"
    assert visitor.get(f"/labs/{made['id']}").json()["expires_at"] == extended.json()["expires_at"]


def test_a_lab_that_is_over_is_not_extended(visitor: Client, made: dict[str, Any]) -> None:
    visitor.delete(f"/labs/{made['id']}")
    assert visitor.post(f"/labs/{made['id']}/extend").status_code == 410
