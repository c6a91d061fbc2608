import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import SystemCheckError
from pytest_django.fixtures import Settings

from catalogue.patterns.checks import lint
from tests.patterns.drafts import Draft, expect_one

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


def test_a_changed_text_is_linted_anew(tmp_path: Path) -> None:
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
        "from catalogue.patterns.checks import check_content\n"
        "check_content(); sys.exit('cfnlint' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, cwd=settings.BASE_DIR
    )
    assert done.returncode == 0, done.stderr
