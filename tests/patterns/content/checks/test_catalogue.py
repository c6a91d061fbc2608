"""Checks of patterns among each other, and of the site's own data."""

from pathlib import Path

import pytest
import yaml

from catalogue.patterns.content.checks import catalogue, check_content
from catalogue.patterns.costs import prices
from catalogue.patterns.services.known import services
from tests.patterns.support.drafts import Draft, draft, expect_one


def relate(sample: Draft, *slugs: str) -> None:
    entries = [{"pattern": slug, "relation": "builds on", "how": "It does."} for slug in slugs]
    sample.replace("pattern.md", "related: []", yaml.safe_dump({"related": entries}).rstrip())


@pytest.mark.parametrize(
    ("slug", "message", "remedy"),
    [
        ("no-such-thing", "does not exist", "Name an existing pattern folder"),
        ("other-patern", "does not exist", "Did you mean `other-pattern`?"),
        ("sample-pattern", "is the pattern itself", "another pattern"),
    ],
)
def test_a_related_pattern_exists_and_is_another(sample: Draft, slug: str, message: str, remedy: str) -> None:
    draft(sample.folder.parent, "other-pattern")
    relate(sample, slug)
    expect_one(
        sample.mistakes(),
        id="patterns.E014",
        file="pattern.md",
        line=sample.line_of("pattern.md", f"pattern: {slug}"),
        message=message,
        remedy=remedy,
    )


def test_a_pattern_is_related_once(sample: Draft) -> None:
    draft(sample.folder.parent, "other-pattern")
    relate(sample, "other-pattern", "other-pattern")
    (mistake,) = sample.mistakes()
    assert (mistake.id, "twice" in mistake.message) == ("patterns.E014", True)


def test_a_published_pattern_is_not_related_to_a_draft(sample: Draft) -> None:
    draft(sample.folder.parent, "other-pattern")
    relate(sample, "other-pattern")
    assert sample.mistakes() == []
    sample.replace("pattern.md", "draft: true", "draft: false")
    assert "patterns.E014" in {mistake.id for mistake in sample.mistakes()}


def test_a_broken_neighbor_is_reported_once_only(sample: Draft) -> None:
    other = draft(sample.folder.parent, "other-pattern")
    relate(sample, "other-pattern")
    other.replace("pattern.md", "level: 100", "level: 1")
    (mistake,) = sample.mistakes()
    assert mistake.file.parent.name == "other-pattern"


def test_titles_are_unique(sample: Draft) -> None:
    other = draft(sample.folder.parent, "second-pattern")
    other.replace("pattern.md", "Second Pattern", "Sample pattern")
    expect_one(
        sample.mistakes(),
        id="patterns.E017",
        file="pattern.md",
        line=2,
        message="also used by sample-pattern",
        remedy="its own title",
    )


def test_an_unknown_price_is_named(sample: Draft) -> None:
    sample.replace("pattern.md", "- lambda.requests", "- lambda.request")
    expect_one(
        sample.mistakes(),
        id="patterns.E015",
        file="pattern.md",
        line=sample.line_of("pattern.md", "- lambda.request"),
        message="no price `lambda.request`",
        remedy="Did you mean `lambda.requests`?",
    )


def test_a_price_is_listed_once(sample: Draft) -> None:
    sample.replace("pattern.md", "- lambda.duration-arm", "- lambda.requests")
    (mistake,) = sample.mistakes()
    assert (mistake.id, "twice" in mistake.message) == ("patterns.E015", True)


def test_a_day_still_to_come_is_a_warning(sample: Draft) -> None:
    sample.replace("pattern.md", "published: 2026-11-23", "published: 2999-01-01")
    assert sample.mistakes() == []
    sample.replace("pattern.md", "draft: true", "draft: false")
    (warning,) = [mistake for mistake in sample.mistakes() if mistake.is_warning]
    assert (warning.id, warning.line) == ("patterns.W001", sample.line_of("pattern.md", "published:"))


@pytest.mark.parametrize(
    ("front", "at", "message", "remedy"),
    [
        ("revision: 2", "revision:", "Revision 2 has no date", "Add `revised:`"),
        ("revised: 2026-11-24", "revised:", "first revision is `published`", "Remove `revised`"),
        ("revision: 2\nrevised: 2026-11-22", "revised:", "before it was published", "Keep `published`"),
    ],
)
def test_each_revision_has_a_day_of_its_own(sample: Draft, front: str, at: str, message: str, remedy: str) -> None:
    sample.replace("pattern.md", "published: 2026-11-23", f"published: 2026-11-23\n{front}")
    line = sample.line_of("pattern.md", at)
    expect_one(sample.mistakes(), id="patterns.E019", file="pattern.md", line=line, message=message, remedy=remedy)


def test_a_dated_revision_has_no_mistakes(sample: Draft) -> None:
    sample.replace("pattern.md", "published: 2026-11-23", "published: 2026-11-23\nrevision: 2\nrevised: 2026-11-24")
    assert sample.mistakes() == []


def test_a_revision_still_to_come_is_a_warning(sample: Draft) -> None:
    sample.replace("pattern.md", "published: 2026-11-23", "published: 2026-11-23\nrevision: 2\nrevised: 2999-01-01")
    sample.replace("pattern.md", "draft: true", "draft: false")
    (warning,) = [mistake for mistake in sample.mistakes() if mistake.is_warning]
    assert (warning.id, warning.line) == ("patterns.W001", sample.line_of("pattern.md", "revised:"))


def test_the_sites_own_data_is_sound() -> None:
    assert list(catalogue.check_own_data()) == []


def test_a_mistake_in_the_sites_own_data_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "prices.yaml"
    broken.write_text(prices.PRICES_FILE.read_text("utf-8").replace("service: lambda", "service: lambada"), "utf-8")
    monkeypatch.setattr(prices, "PRICES_FILE", broken)
    monkeypatch.setattr(catalogue, "PRICES_FILE", broken)
    prices.price_book.cache_clear()
    try:
        found = list(catalogue.check_own_data())
    finally:
        prices.price_book.cache_clear()
    assert {mistake.id for mistake in found} == {"patterns.E060"}
    assert "lambada" in found[0].message
    line = broken.read_text("utf-8").splitlines()[found[0].line - 1]
    assert line == "  lambda.requests:"


def test_every_service_key_is_its_glyph_and_every_type_has_one_owner() -> None:
    known = services()
    types = [type for service in known.by_key.values() for type in service.types]
    assert len(types) == len(set(types))
    assert not known.plumbing & set(types)
    assert all(service.pictured <= service.types for service in known.by_key.values())
    assert all(service.glyph == key for key, service in known.by_key.items())


def test_the_system_check_says_file_line_and_hint(sample: Draft, settings: object) -> None:
    sample.replace("pattern.md", "level: 100", "level: 150")
    settings.CONTENT_DIR = sample.folder.parent  # type: ignore[attr-defined]
    (message,) = check_content()
    assert message.id == "patterns.E003"
    assert f"pattern.md:{sample.line_of('pattern.md', 'level:')}: `level` is `150`." in message.msg
    assert message.hint == "It must be 100, 200 or 300."


def test_an_alias_is_the_slug_of_no_other_pattern(sample: Draft) -> None:
    draft(sample.folder.parent, "other-pattern")
    sample.replace("pattern.md", "draft: true", "draft: true\naliases: [once-called, other-pattern]")
    expect_one(
        sample.mistakes(),
        id="patterns.E006",
        file="pattern.md",
        line=sample.line_of("pattern.md", "aliases:"),
        message="`other-pattern` is the slug of a pattern",
        remedy="only this pattern had",
    )


def test_an_alias_belongs_to_one_pattern(sample: Draft) -> None:
    other = draft(sample.folder.parent, "other-pattern")
    for one in (other, sample):
        one.replace("pattern.md", "draft: true", "draft: true\naliases: [once-called]")
    (mistake,) = sample.mistakes()
    assert (mistake.id, mistake.file.parent.name) == ("patterns.E006", "sample-pattern")
    assert "an alias of other-pattern already" in mistake.message


@pytest.mark.parametrize("place", ["related", "link"])
def test_content_names_a_renamed_pattern_by_its_present_slug(sample: Draft, place: str) -> None:
    other = draft(sample.folder.parent, "other-pattern")
    other.replace("pattern.md", "draft: true", "draft: true\naliases: [once-called]")
    if place == "related":
        relate(sample, "once-called")
    else:
        sample.replace("pattern.md", "## The solution\n", "## The solution\n\nSee [it](/patterns/once-called/).\n")
    (mistake,) = sample.mistakes()
    assert "was renamed" in mistake.message
    assert mistake.remedy == "Write `other-pattern`."
