"""docs/open.md describes the commands as they are."""

import argparse
import re

import pytest

from catalogue.management.terminal.main import SUBCOMMANDS, parser
from catalogue.patterns.content.projects.finding import NAMES
from tests.support.site import ROOT

TEXT = (ROOT / "docs" / "open.md").read_text("utf-8")


def subcommands() -> dict[str, argparse.ArgumentParser]:
    (choices,) = (action.choices for action in parser()._actions if isinstance(action, argparse._SubParsersAction))
    return dict(choices)


def test_every_subcommand_is_described() -> None:
    assert set(re.findall(r"serverless-patterns (\w+)", TEXT)) == set(SUBCOMMANDS)


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_the_options_described_are_those_of_the_parsers(name: str) -> None:
    options = {
        text for action in subcommands()[name]._actions for text in action.option_strings if text.startswith("--")
    }

    assert options - {"--help"} <= set(re.findall(r"--[a-z][a-z-]*", TEXT))


def test_no_option_is_described_that_no_parser_takes() -> None:
    taken = {text for one in subcommands().values() for action in one._actions for text in action.option_strings}

    assert set(re.findall(r"--[a-z][a-z-]*", TEXT)) <= taken


def test_the_names_that_are_looked_for_are_described() -> None:
    assert all(f"`{name}`" in TEXT for name in NAMES)
