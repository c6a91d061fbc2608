"""The guide, the comparison side by side and the map are made from the patterns' metadata alone."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from catalogue.patterns.content.library import library
from catalogue.patterns.diagrams.relations_map import arcs, render_map
from catalogue.patterns.search.guide import TROUBLES, guide
from catalogue.patterns.search.side_by_side import MOST
from tests.patterns.support.example import write_pattern
from tests.patterns.support.html import read_page

RELATED = "[{pattern: twin, relation: alternative to, how: The twin *waits* instead.}]"
BACK = "[{pattern: parcel-counter, relation: alternative to, how: It hands over.}]"
SIGNS = "[simplicity, cost]\nsigns: [{trouble: waiting, seen: Callers give up.}, {trouble: upkeep, seen: A <b>.}]"
HTML = {"accept": "text/html"}


@pytest.fixture(autouse=True)
def content(tmp_path: Path, settings: Any) -> None:
    settings.CONTENT_DIR = tmp_path
    folder = write_pattern(tmp_path, related=RELATED)
    text = (folder / "pattern.md").read_text()
    (folder / "pattern.md").write_text(text.replace("[simplicity, cost]", SIGNS, 1))
    write_pattern(tmp_path, "twin", title="Twin <Counter> & Co", related=BACK)
    for name in ("third", "fourth"):
        write_pattern(tmp_path, name, title=name.capitalize() + " Pattern")


def page(client: Client, path: str) -> str:
    response = client.get(path, headers=HTML)
    assert response.status_code == 200
    text = response.content.decode()
    assert read_page(text).faults == []
    return text


def test_each_sign_leads_to_its_pattern_and_to_what_may_be_used_instead() -> None:
    found = guide(list(library().by_slug.values()))
    assert [question.key for question in found.questions] == ["waiting", "upkeep"]
    (lead,) = found.questions[0].leads
    assert (lead.seen, lead.pattern.slug) == ("Callers give up.", "parcel-counter")
    assert [other.pattern.slug for other in lead.instead] == ["twin"]
    assert {pattern.slug for pattern in found.unasked} == {"twin", "third", "fourth"}


def test_the_guides_page_is_sound_and_escapes_what_it_shows(client: Client) -> None:
    text = page(client, "/guide/")
    assert TROUBLES["waiting"][0] in text
    assert "A &lt;b&gt;." in text
    assert "The twin <em>waits</em> instead." in text
    assert "?pattern=parcel-counter&amp;pattern=twin" in text


def test_patterns_are_shown_side_by_side_with_what_they_say_of_one_another(client: Client) -> None:
    text = page(client, "/compare/?pattern=twin&pattern=parcel-counter")
    assert text.index('id="side-twin"') < text.index('id="side-parcel-counter"')
    assert "The twin <em>waits</em> instead." in text
    assert text.count(" checked>") == 2


def test_what_cannot_be_shown_side_by_side_is_named(client: Client) -> None:
    four = "&".join(f"pattern={name}" for name in ("twin", "parcel-counter", "third", "fourth", "<x>"))
    text = page(client, f"/compare/?{four}")
    assert text.count('id="side-') == MOST
    assert f"At most {MOST} patterns are shown. Left out: Fourth Pattern." in text
    assert "There is no pattern <code>&lt;x&gt;</code>." in text
    assert 'id="side-' not in page(client, "/compare/")


def test_a_relation_that_two_patterns_name_is_one_line_and_each_row_has_its_own(client: Client) -> None:
    cards = list(library().by_slug.values())
    (arc,) = arcs(cards)
    assert (arc.kind, {arc.source, arc.target}) == ("alternative to", {"parcel-counter", "twin"})
    drawn = str(render_map(cards))
    assert drawn.count("map__arc--alternative-to") == 3, "one for all, and a copy in each of the two rows"
    assert set(re.findall(r'<a href="/patterns/([\w-]+)/">', drawn)) == {card.slug for card in cards}
    text = page(client, "/map/")
    assert "Twin &lt;Counter&gt; &amp; Co" in text


def test_a_relation_seen_from_its_other_end_is_drawn_the_same_way_around(tmp_path: Path) -> None:
    write_pattern(tmp_path, "late", related="[{pattern: third, relation: leads to, how: Then that.}]")
    write_pattern(tmp_path, "soon", related="[{pattern: third, relation: protects, how: Guards it.}]")
    found = {(arc.source, arc.kind, arc.target) for arc in arcs(list(library().by_slug.values())) if arc.directed}
    assert found == {("third", "builds on", "late"), ("soon", "protects", "third")}
