"""A run on a real account: all of its code, by the AWS target on the embedded AWS, and what its report says."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml
from django.core.management import CommandError, call_command
from pytest_django import Settings

from catalogue.labs.aws.report import json_report, markdown_report
from catalogue.labs.aws.trial import Outcome, RowOutcome, Trial, judge_rows
from catalogue.labs.management.commands import run_on_aws
from catalogue.labs.models import Lab
from catalogue.labs.targets.base import TargetDown
from catalogue.patterns.content.pattern import Pattern, load_pattern
from tests.labs.aws.on_emulator import AwsOnEmulator

AT = datetime(2026, 11, 30, 12, tzinfo=UTC)
PATTERNS = Path(__file__).resolve().parents[3] / "patterns_content"


@pytest.fixture
def allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def this_one() -> Iterator[None]:
        yield

    monkeypatch.setenv("RUN_ON_AWS", "1")
    monkeypatch.setattr(run_on_aws, "own_database", this_one)


@pytest.mark.parametrize(("variable", "target"), [("", "aws"), ("0", "aws"), ("1", "embedded")])
def test_nothing_is_run_without_being_asked_for(
    variable: str, target: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUN_ON_AWS", variable)
    settings.LABS_TARGET = target
    with pytest.raises(CommandError, match="costs money"):
        call_command("run_on_aws")


def row(id: str, step: str, **more: str) -> dict[str, object]:
    text = {"behavior": "A letter", "documented": "It is taken.", "embedded": "It is taken.", **more}
    return {"id": id, "source": "https://docs.aws.amazon.com/x", "proof": {"steps": [step]}, **text}


@pytest.mark.lab
@pytest.mark.django_db(transaction=True)
def test_a_pattern_is_run_whole_and_its_differences_are_written_down(
    allowed: None, on_aws: AwsOnEmulator, twins: Pattern, tmp_path: Path
) -> None:
    """Of the postbox, with a step that is made to expect what no AWS answers."""
    demo, good, bad = twins.folder / "demo.yaml", "look", "again"
    text = demo.read_text()
    demo.write_text(text.replace('{status: 200, headers: {content-type: "{{kind}}"}', "{status: 418"))
    rows = [row("taken", good), row("news", bad), row("known", bad, difference="There is one.")]
    (twins.folder / "ledger.yaml").write_text(yaml.safe_dump({"rows": rows}))
    assert twins.demo is not None
    call_command("run_on_aws", "postbox", "--to", str(tmp_path / "report"))
    found = json.loads((tmp_path / "report/report.json").read_text())
    (trial,) = found["trials"]
    kinds = {(one["kind"], one["id"]): one["ok"] for one in trial["outcomes"]}
    assert [id for kind, id in kinds if kind == "step"] == [step.id for step in twins.demo.steps]
    assert [id for kind, id in kinds if kind == "lever"] == [lever.id for lever in twins.demo.levers]
    assert kinds["deployment", "pattern"]
    assert kinds["comparison", "compare"]
    unmet = [what for what, ok in kinds.items() if not ok]
    assert unmet == [("step", bad), ("lever", "unknown-queue")]  # a lever of the postbox that nothing can move
    verdicts = {row["id"]: row["verdict"] for row in trial["rows"]}
    assert verdicts == {"taken": "same", "news": "differs", "known": "differs as documented"}
    assert not found["ok"]
    report = (tmp_path / "report/report.md").read_text()
    assert "# What differed on AWS in us-east-1" in report
    assert f"- **Step `{bad}`**" in report
    assert "418" in report
    assert not Lab.objects.filter(status__in=("deploying", "ready")).exists()


@pytest.mark.django_db
def test_a_pattern_that_cannot_be_deployed_is_a_line_of_the_report(
    allowed: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Away(AwsOnEmulator):
        def __init__(self) -> None:
            super().__init__("http://127.0.0.1:9")

        def bucket(self) -> str:
            raise TargetDown("It is away.")

    settings.LABS_TARGET, settings.CONTENT_DIR = "aws", PATTERNS
    away = Away()
    monkeypatch.setattr("catalogue.labs.targets.aws.aws_target", lambda: away)
    call_command("run_on_aws", "function-as-a-web-service", "--to", str(tmp_path))
    (trial,) = json.loads((tmp_path / "report.json").read_text())["trials"]
    assert not trial["ok"]
    assert trial["outcomes"][0]["kind"] == "deployment"
    assert trial["outcomes"][0]["unmet"]


@pytest.fixture
def cached() -> Pattern:
    return load_pattern(PATTERNS / "gateway-cache")


def test_rows_are_judged_by_what_proves_them(cached: Pattern) -> None:
    assert cached.ledger is not None
    all_steps = {id for row in cached.ledger.rows for id in row.proof.steps}
    all_levers = {id for row in cached.ledger.rows for id in row.proof.levers}
    all_tests = {name: True for row in cached.ledger.rows for name in row.proof.tests}
    good = [Outcome("step", id, True) for id in all_steps] + [Outcome("lever", id, True) for id in all_levers]
    assert {row.verdict for row in judge_rows(cached, good, all_tests)} == {"same"}
    assert "not taken" in {row.verdict for row in judge_rows(cached, good, {})}
    bad = [Outcome("step", id, False) for id in all_steps] + [Outcome("lever", id, False) for id in all_levers]
    judged = {row.id: row.verdict for row in judge_rows(cached, bad, dict.fromkeys(all_tests, False))}
    for row in cached.ledger.rows:
        assert judged[row.id] == ("differs as documented" if row.difference else "differs")


def test_the_report_tells_what_was_seen() -> None:
    outcomes = (
        Outcome("deployment", "pattern", True, ms=41_300),
        Outcome("step", "first", True),
        Outcome("step", "second", False, unmet=("status is 400: 200\n<html>" + "x" * 500,)),
    )
    rows = (RowOutcome("hit", "same", ()), RowOutcome("size", "differs", ("step second",)))
    text = markdown_report([Trial("claim-check", outcomes, rows), Trial("quiet")], AT, "AWS in eu-central-1")
    assert "| claim-check | 41.3 s | 1 of 2 | none | none | 1 same, 1 differs |" in text
    assert "- **Step `second`**\n  - status is 400: 200 <html>xxx" in text
    assert max(len(line) for line in text.splitlines()) < 420
    assert "- Ledger row `size`: differs (step second)" in text
    assert "## quiet\n\nNothing differed." in text
    assert not json_report([Trial("claim-check", outcomes, rows)], AT, "AWS")["ok"]
    assert json_report([Trial("quiet")], AT, "AWS")["ok"]


@pytest.mark.aws
@pytest.mark.skipif(
    os.environ.get("RUN_ON_AWS") != "1", reason="RUN_ON_AWS=1 runs it on a real account, and costs money"
)
@pytest.mark.timeout(4 * 3600)
def test_all_patterns_on_a_real_account(tmp_path: Path) -> None:
    """The report is the outcome: differences are news, not failures."""
    to = Path(os.environ.get("AWS_REPORT", tmp_path))
    call_command("run_on_aws", "--to", str(to))
    assert (to / "report.md").exists()
