"""SECURITY.md covers every actor, and each of its promises names tests that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text()
ACTORS = [
    "Stranger",
    "Reader with a lab",
    "Pattern author's handler",
    "Mail recipient",
    "Compromised emulator",
    "Editor",
    "Operator's proxy misconfigured",
    "Author of a pattern",
]
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def lines_of(actor: str) -> list[str]:
    """The list items of an actor's section, each as one line."""
    section = PAGE.partition(f"\n### {actor}\n")[2].partition("\n##")[0]
    items = re.findall(r"^- (.+(?:\n  .+)*)", section, re.MULTILINE)
    return [" ".join(item.split()) for item in items]


@cache
def functions_in(path: str) -> set[str]:
    file = ROOT / path
    if not file.is_file():
        return set()
    found = ast.walk(ast.parse(file.read_text()))
    return {node.name for node in found if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}


@pytest.mark.parametrize("actor", ACTORS)
def test_every_actor_has_what_it_can_and_cannot_do_with_tests(actor: str) -> None:
    lines = lines_of(actor)
    assert [line for line in lines if line.startswith("**Can** ")]
    refused = [line for line in lines if line.startswith("**Cannot** ")]
    assert refused
    assert [line for line in refused if not TEST.search(line)] == []


@pytest.mark.parametrize("actor", ACTORS)
def test_every_line_is_one_of_the_three_kinds(actor: str) -> None:
    kinds = ("**Can** ", "**Cannot** ", "**Not prevented:** ")
    assert [line for line in lines_of(actor) if not line.startswith(kinds)] == []


def test_every_test_named_exists() -> None:
    named = TEST.findall(PAGE)
    assert len(named) > 50
    assert [f"{path}::{name}" for path, name in named if name not in functions_in(path)] == []


def test_no_section_is_for_an_actor_that_is_not_listed() -> None:
    assert re.findall(r"^### (.+)$", PAGE, re.MULTILINE) == ACTORS
