import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django.fixtures import Settings

from catalogue.patterns.content.checks import lint
from tests.patterns.support.drafts import Draft, expect_one
from tests.support.site import ROOT

BROKEN = """\
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: soon
"""


@pytest.fixture(autouse=True)
def var(tmp_path: Path, settings: Settings) -> Path:
    folder = tmp_path / "var"
    folder.mkdir()
    settings.VAR_DIR = folder
    return folder


def test_a_finding_has_its_line_and_the_rules_page(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(BROKEN, "utf-8")
    expect_one(
        list(lint.check(path)),
        id="patterns.E050",
        file="template.yaml",
        line=6,
        message="cfn-lint E3012",
        remedy="https://",
    )


def test_the_same_text_is_linted_once(tmp_path: Path, var: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(BROKEN, "utf-8")
    first = lint.findings(path)
    monkeypatch.setattr(lint, "_lint", lambda path: pytest.fail(f"linted {path} again"))
    assert lint.findings(path) == first
    assert first
    assert len(list((var / "cfn-lint").iterdir())) == 1


def test_a_changed_text_is_linted_again(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(BROKEN, "utf-8")
    assert lint.findings(path)
    path.write_text(BROKEN.replace("soon", "30"), "utf-8")
    assert lint.findings(path) == []


def test_a_spoilt_cache_is_done_without(tmp_path: Path, var: Path) -> None:
    path = tmp_path / "template.yaml"
    path.write_text(BROKEN, "utf-8")
    first = lint.findings(path)
    for kept in (var / "cfn-lint").iterdir():
        kept.write_text("{", "utf-8")
    assert lint.findings(path) == first


def test_an_ignored_rule_needs_a_reason(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    ignoring = BROKEN.replace(
        "Resources:", "Metadata:\n  cfn-lint:\n    config:\n      ignore_checks: [E3012]\nResources:"
    )
    path.write_text(ignoring, "utf-8")
    expect_one(
        list(lint.check(path)),
        id="patterns.E051",
        file="template.yaml",
        line=5,
        message="without a reason",
        remedy="comment",
    )
    path.write_text(ignoring.replace("      ignore", "      # The reader shall see it fail.\n      ignore"), "utf-8")
    assert list(lint.check(path)) == []


def test_the_check_command_lints_and_fails(sample: Draft, settings: Settings) -> None:
    settings.CONTENT_DIR = sample.folder.parent / "only"
    settings.CONTENT_DIR.mkdir()
    sample.folder.rename(settings.CONTENT_DIR / "sample-pattern")
    broken = Draft(settings.CONTENT_DIR / "sample-pattern")
    broken.replace("template.yaml", "      Timeout: 5", "      Timeout: soon")
    with pytest.raises(SystemCheckError) as caught:
        call_command("check", tags=["content"])
    assert "patterns.E050" in str(caught.value)
    assert f"template.yaml:{broken.line_of('template.yaml', 'Timeout: soon')}" in str(caught.value)


def test_reading_content_does_not_import_the_linter(settings: Settings) -> None:
    code = (
        "import django, sys; django.setup()\n"
        "from catalogue.patterns.content.checks import check_content\n"
        "check_content(); sys.exit('cfnlint' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=settings.BASE_DIR
    )
    assert done.returncode == 0, done.stderr


WORKER = """\
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 5
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/worker/
      Handler: app.handler
      Runtime: python3.13
      Timeout: 30
  Delivery:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Queue.Arn
      FunctionName: !Ref Worker
"""


def test_what_shows_only_in_the_translated_template_has_the_authors_line(tmp_path: Path) -> None:
    """E3505 compares a queue with the function behind it, and does not see SAM's functions."""
    path = tmp_path / "template.yaml"
    path.write_text(WORKER, "utf-8")
    found = lint.findings(path)
    assert [(finding.rule, WORKER.splitlines()[finding.line - 1].strip()) for finding in found] == [
        ("E3505", "VisibilityTimeout: 5")
    ]
    path.write_text(WORKER.replace("Timeout: 5\n", "Timeout: 180\n"), "utf-8")
    assert lint.findings(path) == []


def test_a_template_that_sam_refuses_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "template.yaml"
    broken = WORKER.replace("      CodeUri: functions/worker/\n", "").replace("Timeout: 5\n", "Timeout: 180\n")
    path.write_text(broken, "utf-8")
    (finding,) = lint.findings(path)
    assert (finding.rule, broken.splitlines()[finding.line - 1]) == ("E0001", "  Worker:")


def test_where_the_linter_is_not_installed_the_check_says_so_and_passes(tmp_path: Path) -> None:
    """A package that cannot be found, as in the environment that `make run` makes."""
    script = (
        "import sys; sys.modules['cfnlint'] = None\n"
        "import importlib.util; find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda name, *more: None if name == 'cfnlint' else find(name, *more)\n"
        "sys.argv = ['manage.py', 'check']; exec(open('manage.py').read())"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        env=os.environ | {"VAR_DIR": str(tmp_path)},
        timeout=120,
    )

    assert done.returncode == 0, done.stderr
    assert "(patterns.I001) No template was linted: cfn-lint is not installed." in done.stderr
    assert "HINT: Install the developers' packages: make .venv/dev.stamp" in done.stderr


def test_what_a_site_needs_to_run_includes_no_linter() -> None:
    """cfn-lint and what only it needs are a third of all that was installed."""
    run = {line.split("==")[0] for line in (ROOT / "requirements.txt").read_text().splitlines()}

    assert run.isdisjoint({"cfn-lint", "sympy", "networkx", "mpmath"})
    assert "cfn-lint==" in (ROOT / "requirements-dev.txt").read_text()
