"""The catalogue as plain files: whole by itself, and careful with what lies beside it."""

import json
import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.conf import settings as django_settings
from django.core.management import CommandError, call_command
from django.test import Client, override_settings
from pytest_django.fixtures import Settings

from catalogue.base import fingerprint
from catalogue.pages.builds import store
from catalogue.pages.builds.build import Outcome, build
from catalogue.pages.publishing.export import NotOurs, export, read_manifest
from catalogue.pages.publishing.manifest import MANIFEST
from catalogue.web.static_headers import FOREVER
from tests.pages.conftest import NO_MANIFESTS, built, damage
from tests.patterns.support.example import change

LIVE = "https://live.example"


@pytest.fixture(scope="module")
def collected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Settings with which static files are served under hashed names, gathered once for all tests here."""
    changed = {
        "STATIC_ROOT": tmp_path_factory.mktemp("static"),
        "STORAGES": {
            **django_settings.STORAGES,
            "staticfiles": {"BACKEND": "catalogue.web.storage.ManifestStaticFilesStorage"},
        },
    }
    with override_settings(**changed):
        call_command("collectstatic", interactive=False, verbosity=0)
        yield changed


@pytest.fixture
def site(content: Path, settings: Settings, collected: None, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to export to; pages point to a live site elsewhere."""
    settings.LIVE_URL = LIVE
    monkeypatch.setattr(fingerprint, "site", lambda: "with a live site")
    built()
    return content.parent / "out"


class Places(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.forms: list[dict[str, str | None]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        self.links += [value for name in ("href", "src") if (value := found.get(name))]
        if tag == "form":
            self.forms.append(found)


def places(file: Path) -> Places:
    parser = Places()
    parser.feed(file.read_text())
    return parser


def test_every_page_is_a_file_with_the_bytes_that_the_site_sends(site: Path) -> None:
    export(site)
    for path, file in (
        ("/", "index.html"),
        ("/patterns/owls/", "patterns/owls/index.html"),
        ("/feed.atom", "feed.atom"),
    ):
        assert (site / file).read_bytes() == Client().get(path).content
    assert (site / "patterns/owls/raw/functions/web/app.py").read_text().startswith('"""')
    assert "address" in (site / "404.html").read_text()


def test_every_link_leads_to_a_file_or_to_the_live_site(site: Path) -> None:
    export(site)
    missing = []
    for page in site.rglob("*.html"):
        shown = "/" + str(page.relative_to(site)).removesuffix("index.html")
        for link in places(page).links:
            target = urlsplit(urljoin(f"https://static.example{shown}", link))
            if target.netloc != "static.example" or target.path.startswith("/static/"):
                continue
            file = site / target.path.removeprefix("/")
            if not (file / "index.html" if target.path.endswith("/") else file).is_file():
                missing.append((shown, link))
    # The example's own prose names a pattern that is not there; the mailbox is there in development only.
    assert {link for _, link in missing} <= {"/patterns/twin/", "/mailbox/"}


def test_static_files_come_along_and_are_kept_for_good(site: Path) -> None:
    export(site)
    manifest = read_manifest(site).files
    used = {link for link in places(site / "index.html").links if link.startswith(django_settings.STATIC_URL)}
    assert used
    for link in used:
        file = manifest[link.removeprefix("/")]
        assert "immutable" in file.headers["Cache-Control"]
    assert manifest["patterns/owls/index.html"].headers["Cache-Control"].startswith("public, max-age=300")
    assert manifest["patterns/owls/project.zip"].headers["Content-Disposition"].startswith("attachment")


def test_no_form_of_a_plain_page_posts_anywhere(site: Path) -> None:
    """Another origin may not send our forms: labs, search and newsletter are links to the site that has them."""
    export(site)
    for page in site.rglob("*.html"):
        for form in places(page).forms:
            assert (form.get("method") or "get").lower() == "get" or not form.get("action"), page
            if form.get("role") == "search":
                assert (form.get("action") or "").startswith(LIVE)
    words = (site / "patterns/owls/index.html").read_text()
    assert f'href="{LIVE}/newsletter/subscribe"' in words
    assert f'href="{LIVE}/patterns/owls/#lab"' in words


def test_a_plain_page_shows_nothing_that_only_a_lab_could_make_use_of(site: Path, settings: Settings) -> None:
    export(site)
    plain = (site / "patterns/owls/index.html").read_text()
    settings.LIVE_URL = ""
    live = Client().get("/patterns/owls/").content.decode()
    for useless in (" disabled", "<textarea", "as they happen", "Your endpoint", 'id="lab-demo"', "data-edit"):
        assert useless in live
        assert useless not in plain, useless
    steps = re.findall(r'<li class="lab-step.*?</code>', live, re.DOTALL)
    assert steps
    for step in steps:
        title, action = re.findall(r"<h3.*?</h3>", step, re.DOTALL)[0], re.findall(r"<code>.*?</code>", step)[-1]
        assert title in plain
        assert action in plain


def test_a_second_export_writes_what_changed_and_deletes_what_is_gone(site: Path, content: Path) -> None:
    first = export(site)
    assert first.written == len(read_manifest(site).files)
    (site / "robots.txt").unlink()  # somebody's mishap is mended
    assert export(site).written == 1
    change(content / "owls/pattern.md", "draft: false", "draft: true")
    built()
    outcome = export(site)
    assert outcome.deleted > 5
    assert not (site / "patterns/owls").exists()
    assert (site / "patterns/cranes/index.html").exists()


def test_files_of_others_are_neither_changed_nor_deleted(site: Path) -> None:
    export(site)
    (site / "google123.html").write_text("mine")
    (site / "patterns/notes.txt").write_text("mine")
    export(site)
    assert (site / "google123.html").read_text() == "mine"
    assert (site / "patterns/notes.txt").read_text() == "mine"


def test_a_file_in_the_way_stops_the_export_before_it_begins(site: Path) -> None:
    site.mkdir()
    (site / "robots.txt").write_text("mine")
    with pytest.raises(NotOurs, match=r"robots\.txt"):
        export(site)
    assert [path.name for path in site.iterdir()] == ["robots.txt"]


@pytest.mark.parametrize("text", NO_MANIFESTS)
def test_a_manifest_of_someone_else_or_a_damaged_one_stops_the_export(site: Path, text: bytes) -> None:
    site.mkdir()
    (site / MANIFEST).write_bytes(text)
    (site.parent / "index.html").write_text("mine")
    with pytest.raises(NotOurs, match="damaged"):
        export(site)
    assert (site / MANIFEST).read_bytes() == text
    assert (site.parent / "index.html").read_text() == "mine"


@pytest.mark.parametrize("at", ["out", "out/patterns", "out/static"])
def test_a_file_where_a_folder_shall_be_stops_the_export_in_words(site: Path, at: str) -> None:
    file = site.parent / at
    file.parent.mkdir(exist_ok=True)
    file.write_text("mine")
    with pytest.raises(CommandError, match=f"{file} (is not a folder|already exists)"):
        call_command("build", to=site, workers=1, verbosity=0)
    assert file.read_text() == "mine"
    assert not (site / MANIFEST).exists()


def test_pages_that_are_damaged_are_reported_in_words_and_made_again(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def build_and_damage(**options: Any) -> Outcome:
        outcome = build(**options)
        damage(store.store_file(), "head")
        return outcome

    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("catalogue.pages.management.commands.build.build", build_and_damage)
        with pytest.raises(CommandError, match="Run it again"):
            call_command("build", to=site, workers=1, verbosity=0)
    call_command("build", to=site, workers=1, verbosity=0)
    assert (site / "index.html").exists()


def test_a_file_under_a_hashed_name_outlives_its_last_page_by_a_week(
    site: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A reader may still have a page of before, which loads it."""
    export(site)
    manifest = json.loads((site / MANIFEST).read_text())
    old = "static/site.0123456789ab.css"
    manifest["files"][old] = {"sha256": "1", "headers": {"Content-Type": "text/css", "Cache-Control": FOREVER}}
    (site / MANIFEST).write_text(json.dumps(manifest))
    (site / old).write_text("p {}")
    now = time.time()
    for days, there in ((0, True), (6, True), (8, False)):
        monkeypatch.setattr("catalogue.pages.publishing.manifest.time.time", lambda days=days: now + days * 86_400)
        assert export(site).deleted == (not there)
        assert (site / old).exists() is there
        assert (old in read_manifest(site).files) is there


def test_the_manifest_can_be_read_by_other_programs(site: Path) -> None:
    export(site)
    files = json.loads((site / MANIFEST).read_text())["files"]
    assert re.fullmatch("[0-9a-f]{64}", files["index.html"]["sha256"])
    assert files["index.html"]["headers"]["Content-Type"] == "text/html; charset=utf-8"


def test_addresses_of_an_earlier_slug_lead_on_or_hold_a_copy(site: Path, content: Path) -> None:
    change(content / "owls/pattern.md", "draft: false", "draft: false\naliases: [night-birds]")
    built()
    export(site)
    files = read_manifest(site).files
    for path in [path for path in files if path.startswith(("patterns/owls/", "patterns/owls."))]:
        old = path.replace("owls", "night-birds", 1)
        address = "/" + path.removesuffix("index.html")
        assert files[old].headers["Location"] == address
        if files[old].headers["Content-Type"].startswith("text/html"):
            assert set(places(site / old).links) == {address}
            assert f"url={address}" in (site / old).read_text()
        else:
            assert (site / old).read_bytes() == (site / path).read_bytes()
    assert "patterns/night-birds/index.html" in files
    assert "patterns/night-birds.json" in files
