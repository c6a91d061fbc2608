"""Keys that are changed: what was mailed still works, who was erased stays so, and a wrong key is refused."""

import importlib
import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.core.management import call_command
from django.core.management.base import CommandError
from django.http import HttpResponse
from django.test import Client, RequestFactory
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from catalogue.base import keys
from catalogue.labs.embedded.access.site_endpoint import site_secret
from catalogue.labs.lifecycle import ownership
from catalogue.newsletter.delivery.checks import check_suppression_key
from catalogue.newsletter.models import Subscriber, Suppression
from catalogue.newsletter.subscribers import csv_files, preferences, tokens
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from catalogue.newsletter.subscribers.suppression import keys as suppression_keys
from catalogue.newsletter.subscribers.suppression import rekeying
from catalogue.web import client_address
from tests.newsletter.mail.test_updates import reader
from tests.newsletter.support.helpers import confirmed, link, page_of, received, subscribe
from tests.support.site import ROOT

pytestmark = pytest.mark.django_db
NEW = "a new key with more than fifty characters 0123456789"


@pytest.fixture(autouse=True)
def sound(settings: Settings) -> None:
    settings.SECRET_KEY = "the first key with more than fifty characters 01234"
    settings.SECRET_KEY_FALLBACKS = settings.SUPPRESSION_KEY_FALLBACKS = []
    settings.SUPPRESSION_KEY = ""


def rotate_secret(settings: Settings) -> None:
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    settings.SECRET_KEY = NEW


def problems() -> list[str | None]:
    return [problem.id for problem in check_suppression_key(None)]


def imported(*addresses: str) -> csv_files.Report:
    file = io.StringIO("\n".join(["address", *addresses]))
    *_, report = csv_files.read(file, "a list", lambda line, why: None)
    return report


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("rotate_keys", *arguments, stdout=out)
    return out.getvalue()


def test_links_already_mailed_work_after_a_rotation_and_die_with_the_fallback(
    client: Client, settings: Settings
) -> None:
    ada = confirmed(client)
    subscribe(client, "bob@example.com")
    to_confirm = link(received()[-1], "confirm")
    to_leave = link(received()[-1], "unsubscribe")
    to_choose = page_of(ada)
    rotate_secret(settings)
    assert client.get(to_choose).status_code == 200
    assert client.get(to_confirm).status_code == 200
    assert client.get(to_leave).status_code == 200
    assert tokens.preferences_token(ada.ref) not in to_choose, "what is made now is made with the new key"
    settings.SECRET_KEY_FALLBACKS = []
    assert client.get(to_choose).status_code == 404
    assert client.get(to_confirm).status_code == 404
    assert client.get(to_leave).status_code == 404


@pytest.mark.parametrize("kind", ["confirm", "move", "unsubscribe", "preferences"])
def test_every_kind_of_token_is_read_under_a_fallback(settings: Settings, kind: str) -> None:
    ada = reader("ada", new_address="new@example.com", new_key="new@example.com")
    made = getattr(tokens, f"{kind}_token")(ada if kind in ("confirm", "move") else ada.ref)
    rotate_secret(settings)
    assert getattr(tokens, f"read_{kind}")(made)
    settings.SECRET_KEY_FALLBACKS = ["another"]
    with pytest.raises(tokens.BadToken):
        getattr(tokens, f"read_{kind}")(made)


def test_a_lab_belongs_to_its_browser_after_a_rotation(rf: RequestFactory, settings: Settings) -> None:
    response = HttpResponse()
    ownership.remember_owner(response, "its key")
    request = rf.get("/")
    request.COOKIES[ownership.COOKIE] = response.cookies[ownership.COOKIE].value
    rotate_secret(settings)
    assert ownership.owner_key(request) == "its key"
    settings.SECRET_KEY_FALLBACKS = []
    assert ownership.owner_key(request) is None


def test_a_client_and_an_emulator_are_recognized_while_a_key_is_rotated(rf: RequestFactory, settings: Settings) -> None:
    """Else each limit would begin anew, and an instance with the new settings could not reach an older emulator."""
    before = client_address.client_key(rf.get("/"), "labs.client"), site_secret()
    rotate_secret(settings)
    assert (client_address.client_key(rf.get("/"), "labs.client"), site_secret()) == before
    settings.SECRET_KEY_FALLBACKS = []
    assert client_address.client_key(rf.get("/"), "labs.client") != before[0]


@pytest.mark.parametrize("own_key", ["", "a suppression key with more than fifty characters 0"])
def test_an_erased_address_stays_erased_on_import_after_a_rotation(settings: Settings, own_key: str) -> None:
    settings.SUPPRESSION_KEY = own_key
    preferences.erase(reader("ada"))
    rotate_secret(settings)
    assert problems() == []
    assert str(imported("ada@example.com", "bob@example.com")) == "1 added, 0 known already, 1 refused"
    if own_key:
        settings.SUPPRESSION_KEY, settings.SUPPRESSION_KEY_FALLBACKS = NEW + "2", [own_key]
        assert problems() == []
        assert str(imported("ada@example.com", "cyd@example.com")) == "1 added, 0 known already, 1 refused"
    assert not Subscriber.objects.filter(key="ada@example.com").exists()


def test_a_key_whose_hashes_would_match_nothing_is_refused_everywhere(settings: Settings, tmp_path: Path) -> None:
    preferences.erase(reader("ada"))
    settings.SECRET_KEY = NEW
    (problem,) = check_suppression_key(None)
    assert (problem.id, "SUPPRESSION_KEY_FALLBACKS" in str(problem.hint)) == ("newsletter.E016", True)
    with pytest.raises(suppression_keys.WrongKey):
        imported("ada@example.com")
    with pytest.raises(suppression_keys.WrongKey):
        suppression.reason_for("ada@example.com")
    with pytest.raises(suppression_keys.WrongKey):
        rekeying.rehash()
    with pytest.raises(CommandError, match="missing"):
        run()
    (tmp_path / "people.csv").write_text("address\nada@example.com\n")
    for command in (("import", str(tmp_path / "people.csv"), "--source", "a list"), ("suppress", "bob@example.com")):
        with pytest.raises(CommandError, match="SUPPRESSION_KEY_FALLBACKS"):
            call_command("newsletter", *command)
    assert not Subscriber.objects.exists()


def test_any_key_will_do_as_long_as_no_one_is_suppressed(settings: Settings) -> None:
    settings.SECRET_KEY = NEW
    assert problems() == []
    assert suppression.reason_for("ada@example.com") is None


def test_hashes_made_before_there_was_a_key_of_its_own_go_on_matching(settings: Settings) -> None:
    suppression.remember("ada@example.com", Suppression.Reason.COMPLAINT)
    settings.SUPPRESSION_KEY = NEW
    assert suppression.blocks("ada@example.com")
    suppression.remember("ada@example.com", Suppression.Reason.BY_HAND)
    assert Suppression.objects.count() == 1, "one address has one row, whatever the key"
    settings.SECRET_KEY, settings.SUPPRESSION_KEY_FALLBACKS = NEW + "2", [settings.SECRET_KEY]
    assert problems() == []
    assert suppression.blocks("ada@example.com")


def test_the_migration_names_the_key_that_made_the_hashes(settings: Settings) -> None:
    suppression.remember("ada@example.com", Suppression.Reason.COMPLAINT)
    Suppression.objects.update(key_id="")
    settings.SUPPRESSION_KEY = NEW
    migration: Any = importlib.import_module("catalogue.newsletter.migrations.0007_suppression_key_id")
    migration.note_key(apps, None)
    assert Suppression.objects.get().key_id == suppression_keys.Key(settings.SECRET_KEY, "").id
    assert problems() == []


def test_what_is_known_by_address_moves_to_the_new_key_and_the_rest_is_counted(settings: Settings) -> None:
    old = settings.SUPPRESSION_KEY = "the old suppression key with more than fifty letters"
    bob = reader("bob")
    suppression.suppress(bob, Suppression.Reason.COMPLAINT, "no more")
    preferences.erase(reader("ada"))
    settings.SUPPRESSION_KEY, settings.SUPPRESSION_KEY_FALLBACKS = NEW, [old]
    before = Suppression.objects.get(reason="complaint")
    assert "1 suppressed addresses are now hashed with the current key" in run("--rehash")
    after = Suppression.objects.get(reason="complaint")
    assert (after.pk, after.detail, after.at) == (before.pk, "no more", before.at)
    assert after.key_hash != before.key_hash
    assert "0 suppressed addresses are" in run("--rehash"), "a second time moves nothing"
    assert "1 suppressed addresses under SUPPRESSION_KEY_FALLBACKS" in run()
    assert suppression.blocks("bob@example.com")
    assert suppression.reason_for("ada@example.com") is Suppression.Reason.ERASED
    settings.SUPPRESSION_KEY_FALLBACKS = []
    assert problems() == ["newsletter.E016"], "the erased address still depends on the old key"


def test_of_two_rows_for_one_address_the_stronger_reason_stays(settings: Settings) -> None:
    bob = reader("bob")
    suppression.remember(bob.key, Suppression.Reason.BY_HAND)
    settings.SUPPRESSION_KEY = NEW
    current = suppression_keys.configured()[0]
    Suppression.objects.create(
        key_hash=current.hash(bob.key), key_id=current.id, reason="erased", at=Suppression.objects.get().at
    )
    assert suppression.blocks(bob.key)
    assert rekeying.rehash() == 1
    assert Suppression.objects.get().reason == "by-hand"
    assert Suppression.objects.get().key_id == current.id


def test_the_command_shows_no_key_that_is_set(settings: Settings) -> None:
    settings.SUPPRESSION_KEY, settings.SUPPRESSION_KEY_FALLBACKS = NEW, ["an earlier one"]
    shown = run()
    assert not [key for key in (NEW, "an earlier one", settings.SECRET_KEY) if key in shown]
    assert "SECRET_KEY_FALLBACKS" in shown
    assert not keys.weakness(shown.partition("A new key: ")[2].split()[0])


@given(st.text(max_size=70))
def test_a_strong_key_is_long_and_varied(key: str) -> None:
    strong = len(key) >= 50 and len(set(key)) >= 5 and not key.startswith("django-insecure-")
    assert (keys.weakness(key) == "") is strong


@pytest.mark.parametrize("name", ["SECRET_KEY", "SUPPRESSION_KEY"])
@pytest.mark.parametrize(
    ("value", "starts"), [("x" * 60, False), ("short", False), (NEW[:49], False), (NEW[:50], True)]
)
def test_a_weak_key_stops_the_start_of_a_public_site(name: str, value: str, starts: bool) -> None:
    environment = {"PATH": "/usr/bin:/bin", "DEBUG": "0", "SECRET_KEY": NEW, name: value}
    done = subprocess.run(
        [sys.executable, "-c", "import catalogue.settings"], cwd=ROOT, env=environment, capture_output=True, text=True
    )
    assert (done.returncode == 0) is starts, done.stderr
    if not starts:
        assert f"{name} has" in done.stderr
        assert "token_urlsafe" in done.stderr
        assert value not in done.stderr
