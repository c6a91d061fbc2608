"""A published pattern shows a recorded run of its present content (E080)."""

import json
from datetime import UTC, datetime

import pytest

from catalogue.patterns.content.checks import recorded
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.runs.document import Action, Run
from catalogue.patterns.runs.recorded import recorded_run, recorded_text
from tests.patterns.support.drafts import Draft, expect_one


def publish(sample: Draft) -> None:
    sample.replace("pattern.md", "draft: true\n", "")


def record(sample: Draft) -> Run:
    """Write a run of the content as it is now."""
    pattern = sample.pattern()
    assert pattern.demo is not None
    run = Run(
        pattern=pattern.slug,
        title=pattern.title,
        target="embedded",
        run_hash=pattern.run_hash,
        recorded_at=datetime(2026, 11, 23, tzinfo=UTC),
        ms=10,
        actions=tuple(Action(at=0, ms=1, id=step.id, title=step.title, action="GET /") for step in pattern.demo.steps),
        events=(),
    )
    sample.write("recorded.json", recorded_text(run))
    return run


def mistakes(sample: Draft) -> list[ContentError]:
    return list(recorded.check(sample.pattern()))


def test_a_draft_needs_no_recorded_run(sample: Draft) -> None:
    assert mistakes(sample) == []


def test_a_published_pattern_needs_one(sample: Draft) -> None:
    publish(sample)
    expect_one(
        mistakes(sample),
        id="patterns.E080",
        file="recorded.json",
        line=1,
        message="has no recorded run",
        remedy="manage.py record_run sample-pattern",
    )
    assert "patterns.E080" in {mistake.id for mistake in sample.mistakes()}


def test_one_that_no_one_can_run_needs_none(sample: Draft) -> None:
    publish(sample)
    (sample.folder / "demo.yaml").unlink()
    assert mistakes(sample) == []


def test_a_run_of_the_present_content_is_right(sample: Draft) -> None:
    publish(sample)
    run = record(sample)
    assert mistakes(sample) == []
    assert recorded_run(sample.pattern()) == run


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("{\n  nonsense", 2, "cannot be read: Expecting"),
        ('{"version": 1}', 1, "cannot be read: pattern: Field required"),
        ("[]", 1, "cannot be read"),
        ("", 1, "cannot be read"),
    ],
)
def test_an_unreadable_run_is_a_mistake_in_a_draft_too(sample: Draft, text: str, line: int, message: str) -> None:
    sample.write("recorded.json", text)
    expect_one(
        mistakes(sample),
        id="patterns.E080",
        file="recorded.json",
        line=line,
        message=message,
        remedy="manage.py record_run sample-pattern",
    )
    assert recorded_run(sample.pattern()) is None


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("template.yaml", "Runtime: python3.13", "Runtime: python3.12"),
        ("functions/web/app.py", "return", "pass\n    return"),
        ("demo.yaml", "equals: 1", "at_least: 1"),
        ("demo.yaml", "method: GET", "method: HEAD"),
    ],
)
def test_a_run_of_other_content_is_stale_and_not_shown(sample: Draft, file: str, old: str, new: str) -> None:
    publish(sample)
    record(sample)
    sample.replace(file, old, new)
    expect_one(
        mistakes(sample),
        id="patterns.E080",
        file="recorded.json",
        line=sample.line_of("recorded.json", '"run_hash"'),
        message="made from other content",
        remedy="Record it again: manage.py record_run sample-pattern",
    )
    assert recorded_run(sample.pattern()) is None


def test_better_prose_makes_no_recording_stale(sample: Draft) -> None:
    publish(sample)
    run = record(sample)
    step = sample.pattern().demo
    assert step is not None
    sample.replace("demo.yaml", f"title: {step.steps[0].title}", "title: Another title for it")
    sample.append("pattern.md", "\nOne more sentence.\n")
    sample.append("demo.yaml", "\n# a comment\n")
    assert mistakes(sample) == []
    assert recorded_run(sample.pattern()) == run


def test_a_run_that_lacks_a_step_is_stale(sample: Draft) -> None:
    publish(sample)
    run = record(sample)
    sample.write("recorded.json", recorded_text(run.model_copy(update={"actions": ()})))
    assert "has other steps" in mistakes(sample)[0].message


def test_the_file_is_the_same_for_the_same_run_and_reads_back(sample: Draft) -> None:
    run = record(sample)
    text = sample.text("recorded.json")
    assert recorded_text(Run.model_validate(json.loads(text))) == text
    assert Run.model_validate(json.loads(text)) == run
