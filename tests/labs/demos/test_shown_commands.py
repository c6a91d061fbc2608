"""Every AWS CLI command that a page, a recorded run or a document shows is one that the real AWS CLI parses."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tests.labs.helpers.real_cli import refused_by_the_cli

ROOT = Path(settings.BASE_DIR)
RECORDED = sorted(ROOT.glob("patterns_content/*/recorded.json"))
TEXTS = sorted(
    path
    for pattern in (
        "*.md",
        "docs/*.md",
        "infra/*.md",
        "ops/**/*.md",
        "patterns_content/*/*.md",
        "patterns_content/*/*.yaml",
    )
    for path in ROOT.glob(pattern)
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))

_AT_A_LINES_START = re.compile(r"^[ >$]*(aws [a-z0-9-]+ [a-z-]+(?:[^\n]*\\\n)*[^\n]*)", re.MULTILINE)
_INLINE = re.compile(r"`(aws [a-z0-9-]+ [a-z-]+[^`\n]*)`|<code>(aws [a-z0-9-]+ [a-z-]+[^<\n]*)</code>")


def commands_in(text: str) -> list[str]:
    """Commands in blocks and in inline code, each on one line and without a comment; `$(…)` counts as one word."""
    found = [match[1] for match in _AT_A_LINES_START.finditer(text)]
    found += [match[1] or match[2] for match in _INLINE.finditer(text)]
    whole = [re.sub(r"\s*\\\n\s*", " ", command).partition(" #")[0].strip() for command in found]
    return [re.sub(r"\$\([^)]*\)", "x", command) for command in whole]


def shown(value: Any) -> Iterator[str]:
    """The commands of a recorded run, at any depth."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name == "cli" and isinstance(inner, str):
                yield inner
            else:
                yield from shown(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from shown(inner)


def test_the_commands_of_recorded_runs_parse() -> None:
    commands = [command for path in RECORDED for command in shown(json.loads(path.read_text("utf-8")))]
    assert len(commands) > 20
    assert refused_by_the_cli(commands) == []


def test_the_commands_of_pages_and_documents_parse() -> None:
    commands = [command for path in [*TEXTS, *TEMPLATES] for command in commands_in(path.read_text("utf-8"))]
    assert commands
    assert refused_by_the_cli(commands) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("    aws sqs purge-queue \\\n      --queue-url q\n", ["aws sqs purge-queue --queue-url q"]),
        ("Run `aws sts get-caller-identity` first.", ["aws sts get-caller-identity"]),
        ("    aws iam delete-role --role-name x   # refused", ["aws iam delete-role --role-name x"]),
        ("AWS and the aws of others", []),
    ],
)
def test_a_command_is_found_where_a_text_shows_it(text: str, found: list[str]) -> None:
    assert commands_in(text) == found


def test_a_command_that_does_not_parse_would_be_seen() -> None:
    ((words, said),) = refused_by_the_cli(["aws apigateway update-stage --patch-operations op=replace,path=/~1a~1{id}"])
    assert words[1] == "update-stage"
    assert said
