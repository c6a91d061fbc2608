"""The build: only what changed is rendered, the result is what rendering everything would give, mistakes stop it."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from pytest_django.fixtures import Settings

from catalogue.base import fingerprint
from catalogue.base.kept_files import note_damage
from catalogue.pages.builds import build as building
from catalogue.pages.builds import store
from catalogue.pages.builds.addresses import Address
from catalogue.pages.builds.build import BuildFailed
from catalogue.pages.builds.rendering import NotRendered, render
from catalogue.patterns.content import library
from catalogue.patterns.search import query as searching
from catalogue.patterns.search.query import index_file, search
from tests.pages.conftest import built, damage, kept_urls
from tests.patterns.support.example import change, write_pattern
from tests.support.site import ROOT

OF_THE_CATALOGUE = 14
"""Addresses that belong to no pattern."""


def bodies() -> dict[str, tuple[str, bytes]]:
    """Every kept page: its ETag and its bytes, by address."""
    database = store.reading()
    assert database is not None
    found = {}
    for page in store.kept(database):
        body = store.body(database, page.key, "gzip" if page.packed else "identity")
        assert body is not None
        found[f"{page.path}?{page.query}"] = (page.etag, body)
    database.close()
    return found


def test_a_second_build_renders_nothing(content: Path) -> None:
    first = built()
    assert first.rendered > 30
    again = built()
    assert (again.rendered, again.kept, again.forgotten) == (0, first.rendered, 0)


def test_a_sentence_changed_renders_its_pattern_and_the_pages_of_the_catalogue(content: Path) -> None:
    built()
    before = kept_urls()
    change(content / "owls/pattern.md", "A courier waits", "A courier has waited")
    outcome = built()
    after = kept_urls()
    changed = {url for url, key in after.items() if before[url] != key}
    assert outcome.rendered == len(changed)
    assert len({url for url in changed if not url.startswith("/patterns/owls")}) == OF_THE_CATALOGUE
    assert {url for url in after if url.startswith("/patterns/owls")} <= changed
    assert Client().get("/patterns/owls/").content.count(b"A courier has waited") == 1


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("title: Owls", "title: Barn owls"),
        ("title: Owls", "title: Zebras"),
        ("level: 100", "level: 300"),
        ("summary: A counter", "summary: A desk"),
        ("question: How does", "question: How can"),
        ("answer: Ask the counter", "answer: Ask the desk"),
        ("helps_with: [simplicity, cost]", "helps_with: [security]"),
        ("published: 2026-11-02", "published: 2026-11-03"),
        ("revision: 2", "revision: 3"),
        ("draft: false", "draft: true"),
    ],
)
def test_after_any_change_the_pages_are_those_of_a_build_from_nothing(
    content: Path, settings: Settings, tmp_path: Path, old: str, new: str
) -> None:
    change(
        content / "cranes/pattern.md", "related: []", "related: [{pattern: owls, relation: builds on, how: By day.}]"
    )
    built()
    change(content / "owls/pattern.md", old, new)
    built()
    step_by_step = bodies()
    settings.VAR_DIR = tmp_path / "other"
    built()
    assert step_by_step == bodies()


def test_a_pattern_added_and_one_removed_are_seen(content: Path) -> None:
    built()
    write_pattern(content, "zebras", title="Zebras")
    shutil.rmtree(content / "owls")
    built()
    urls = kept_urls()
    assert "/patterns/zebras/" in urls
    assert not [url for url in urls if url.startswith("/patterns/owls")]
    assert [result.pattern.slug for result in search("zebras")] == ["zebras"]
    assert search("owls") == []


def test_bytes_that_did_not_change_keep_their_date(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catalogue.pages.builds.build.time.time", lambda: 1_000_000_000.0)
    built()
    monkeypatch.setattr("catalogue.pages.builds.build.time.time", lambda: 2_000_000_000.0)
    monkeypatch.setattr(fingerprint, "site", lambda: "another version of the code")
    change(content / "owls/pattern.md", "A courier waits", "A courier has waited")
    assert built().kept == 0
    database = store.reading()
    assert database is not None
    dates = {page.path: page.changed for page in store.kept(database)}
    database.close()
    assert dates["/patterns/owls/"] == 2_000_000_000
    assert dates["/patterns/cranes/"] == 1_000_000_000


def test_a_mistake_fails_the_build_with_file_and_line_and_publishes_nothing(content: Path) -> None:
    built()
    before = kept_urls()
    change(content / "owls/pattern.md", "app.py#handler]]", "app.py#gone]]")
    change(content / "ravens/pattern.md", "A courier waits", "A courier has waited")
    with pytest.raises(BuildFailed) as caught:
        built()
    (mistake,) = caught.value.mistakes
    line = (content / "owls/pattern.md").read_text().splitlines().index("[[code functions/web/app.py#gone]]") + 1
    assert f"owls/pattern.md:{line}" in str(mistake)
    assert kept_urls() == before


def test_a_lenient_build_leaves_the_broken_pattern_out_and_says_so(content: Path) -> None:
    change(content / "owls/pattern.md", "level: 100", "level: 5")
    outcome = building.build(workers=1, lenient=True)
    assert {mistake.file.parent.name for mistake in outcome.left_out} == {"owls"}
    assert "/patterns/cranes/" in kept_urls()
    assert "/patterns/owls/" not in kept_urls()


def test_a_page_that_cannot_be_rendered_fails_the_build_with_its_address_and_place(
    content: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> bytes:
        raise ZeroDivisionError("no such ink")

    monkeypatch.setattr("catalogue.patterns.views.outputs.share_image", fail)
    with pytest.raises(BuildFailed) as caught:
        built()
    first = str(caught.value.mistakes[0])
    assert first.startswith("/patterns/cranes/share.png: ")
    assert f"{Path(__file__)}:" in first
    assert "no such ink" in first
    assert store.reading() is None or not kept_urls()


@pytest.mark.parametrize(
    ("mistake", "told"),
    [
        ("{{ x|nofilter }}", "nofilter"),
        ('{% include "patterns/gone.html" %}', "patterns/gone.html"),
        ('{% url "patterns:gone" %}', "gone"),
        ("{% nosuchtag %}", "nosuchtag"),
        ("{% load broken %}{% fails %}", "no such ink"),
        ("{% if x %}", "Unclosed tag"),
        ("{% block scripts %}{% load broken %}{% fails %}{% endblock %}", "no such ink"),
    ],
)
@pytest.mark.parametrize("template", ["patterns/about.html", "patterns/piece.html", "base.html"])
def test_a_mistake_in_a_template_is_reported_with_its_line_once_a_page(
    content: Path,
    settings: Settings,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    template: str,
    mistake: str,
    told: str,
) -> None:
    templates = tmp_path / "templates"
    for name, text in (
        ("patterns/about.html", 'One.\n{% include "patterns/piece.html" %}\n'),
        ("patterns/piece.html", "A piece."),
        (template, f"One.\n{mistake}\n"),
    ):
        (templates / name).parent.mkdir(parents=True, exist_ok=True)
        (templates / name).write_text(text)
    (engine,) = settings.TEMPLATES
    libraries = {"libraries": {**engine["OPTIONS"]["libraries"], "broken": "tests.pages.broken_tags"}}
    settings.TEMPLATES = [
        {**engine, "DIRS": [templates, *engine["DIRS"]], "OPTIONS": {**engine["OPTIONS"], **libraries}}
    ]
    with pytest.raises(BuildFailed) as caught:
        built()
    by_url = {str(one).partition(": ")[0]: str(one) for one in caught.value.mistakes}
    assert len(by_url) == len(caught.value.mistakes)
    message = by_url["/about/" if template != "base.html" else "/"]
    assert f": {templates / template}:2" in message
    assert told in message
    assert "\n" not in message
    assert ("broken_tags.py:10" in message) is ("ink" in told)
    assert not caplog.records, "what the build tells is not logged too"


def test_a_build_that_was_stopped_goes_on_where_it_was(content: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    really: Callable[..., Any] = store.publish

    def stopped(*_: Any) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(store, "publish", stopped)
    with pytest.raises(KeyboardInterrupt):
        built()
    monkeypatch.setattr(store, "publish", really)
    assert built().rendered == 0


@pytest.mark.parametrize("kind", ["all", "head"])
@pytest.mark.parametrize("which", ["pages", "search"])
def test_what_is_damaged_is_made_again(content: Path, kind: str, which: str) -> None:
    first = built()
    before = bodies()
    damage(store.store_file() if which == "pages" else index_file(), kind)
    change(content / "owls/pattern.md", "A courier waits", "A courier hoots")
    assert built().rendered + built().kept >= first.rendered
    assert bodies().keys() == before.keys()
    assert [result.pattern.slug for result in search("hoots")] == ["owls"]
    assert built().rendered == 0


def test_damage_that_a_reader_has_met_is_made_good_by_the_next_build(content: Path) -> None:
    """A build that has nothing to do reads no page, and would not find it."""
    first = built()
    note_damage(store.store_file())
    assert built().rendered == first.rendered
    assert built().rendered == 0


def test_a_search_in_a_damaged_index_finds_all_the_same(content: Path) -> None:
    built()
    library.use(library.read_library(content))
    assert search("courier")
    damage(index_file(), "head")
    assert searching._built is not None
    searching._built[1]._database.execute("PRAGMA shrink_memory")  # so small a file is in SQLite's own memory
    assert {result.pattern.slug for result in search("courier")} == {"cranes", "owls", "ravens"}


def test_the_search_index_is_the_builds(content: Path) -> None:
    built()
    assert index_file().exists()
    change(content / "owls/pattern.md", "A courier waits", "A courier hoots")
    built()
    assert [result.pattern.slug for result in search("hoots")] == ["owls"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (lambda: HttpResponse("x", status=404), "404"),
        (lambda: _answer(cookie="who"), "cookie who"),
        (lambda: _answer(Vary="Accept-Encoding, Cookie"), "varies by cookie"),
        (lambda: _answer(Cache_Control="private", ETag='"a"'), "not public"),
        (lambda: _answer(Cache_Control="public"), "no strong ETag"),
        (lambda: _answer(Cache_Control="public", ETag='W/"a"'), "no strong ETag"),
    ],
)
def test_an_answer_that_is_not_for_everyone_is_refused(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[], HttpResponse], why: str
) -> None:
    class Handler:
        def get_response(self, request: HttpRequest) -> HttpResponse:
            assert not request.COOKIES
            return answer()

    monkeypatch.setattr("catalogue.pages.builds.rendering._handler", Handler)
    with pytest.raises(NotRendered, match=why):
        render(Address("/", "", frozenset(), "", "key"))


def _answer(cookie: str = "", **headers: str) -> HttpResponse:
    response = HttpResponse("x")
    for name, value in headers.items():
        response[name.replace("_", "-")] = value
    if cookie:
        response.set_cookie(cookie, "you")
    return response


def test_the_command_builds_on_all_cores_and_names_mistakes(content: Path, settings: Settings) -> None:
    environment = {
        "PATH": "/usr/bin:/bin",
        "DEBUG": "0",
        "SECRET_KEY": "0123456789" * 5,
        "SITE_URL": "https://patterns.example",
        "SMTP_HOST": "127.0.0.1",
        "CONTENT_DIR": str(content),
        "VAR_DIR": str(settings.VAR_DIR),
    }

    def run(*more: str, **changed: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "manage.py", "build", *more]
        return subprocess.run(command, cwd=ROOT, env=environment | changed, capture_output=True, text=True, timeout=120)

    for slug in ("auks", "boobies", "coots"):  # enough for processes of their own
        write_pattern(content, slug, title=slug.capitalize())
    done = run("--workers", "2")
    assert done.returncode == 0, done.stderr
    assert " 0 kept" in done.stdout
    change(content / "owls/pattern.md", "level: 100", "level: 5")
    failed = run()
    assert failed.returncode == 1
    assert "patterns.E003" in failed.stderr
    assert "owls/pattern.md:3" in failed.stderr
    assert "Traceback" not in failed.stderr
    live = run(DEBUG="1")
    assert live.returncode == 1
    assert "DEBUG=0" in live.stderr


def test_a_library_read_again_is_that_of_the_files(content: Path) -> None:
    known = library.library().readings
    change(content / "owls/pattern.md", "title: Owls", "title: Barn owls")
    assert library.read_library(content, known).by_slug["owls"].title == "Barn owls"
    assert library.read_library(content, known).by_slug["cranes"] is library.library().by_slug["cranes"]
