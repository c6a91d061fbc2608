"""The table of how far other people's projects come."""

from pathlib import Path

import pytest

from catalogue.labs.targets import verdict
from tests.patterns.content.projects.public_templates import opened, projects

PLAIN = "Resources: {Orders: {Type: 'AWS::SQS::Queue'}}"


def put(folder: Path, **templates: str) -> None:
    for name, text in templates.items():
        (folder / name).mkdir()
        (folder / name / "template.yaml").write_text(text)


def test_each_project_has_a_cause(tmp_path: Path) -> None:
    put(
        tmp_path,
        broken="Resources: [",
        part=f"{PLAIN[:-1]}, Kept: {{Type: 'AWS::Events::Archive'}}}}",
        refused="Transform: AWS::Serverless-2016-10-31\nResources: {F: {Type: 'AWS::Serverless::Function'}}",
        whole=PLAIN,
    )
    (tmp_path / "none").mkdir()

    assert {name: opened(name, template).cause for name, template in projects(tmp_path)} == {
        "broken": "not readable",
        "part": "drawn, in part not emulated",
        "refused": "refused by SAM",
        "whole": "drawn",
    }


def test_a_crash_is_a_row_that_fails_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, whole=PLAIN)

    def crash(pattern: object) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(verdict, "verdict", crash)
    (row,) = [opened(name, template) for name, template in projects(tmp_path)]

    assert (row.cause, row.is_bad) == ("crashed", True)
