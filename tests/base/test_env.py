"""A typo in a setting stops the start and says what to write."""

from collections.abc import Callable
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalogue.base import env


@pytest.mark.parametrize(("written", "read"), [("1", True), ("yes", True), ("ON", True), ("0", False), ("", False)])
def test_a_flag_is_read_in_its_usual_spellings(monkeypatch: pytest.MonkeyPatch, written: str, read: bool) -> None:
    monkeypatch.setenv("DEBUG", written)
    assert env.flag("DEBUG", not read) is read


@pytest.mark.parametrize(
    ("written", "read", "remedy"),
    [
        ("maybe", lambda: env.flag("X", True), "write 1 or 0"),
        ("many", lambda: env.integer("X", 1), "whole number"),
        ("0", lambda: env.integer("X", 1, least=1), "1 or more"),
        ("azure", lambda: env.choice("X", "aws", ("aws", "embedded")), "aws, embedded"),
    ],
)
def test_what_a_setting_does_not_accept_is_refused_with_the_remedy(
    monkeypatch: pytest.MonkeyPatch, written: str, read: Callable[[], object], remedy: str
) -> None:
    monkeypatch.setenv("X", written)
    with pytest.raises(ImproperlyConfigured, match=remedy) as refusal:
        read()
    assert f"X={written}" in str(refusal.value).replace("'", "")


def test_an_unset_variable_leaves_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("X", raising=False)
    assert env.integer("X", 7) == 7
    assert env.words("X", ["a"]) == ["a"]
    assert env.folder("X", Path("var")) == Path("var")


def test_words_are_separated_by_commas(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("X", "one, two,,three ")
    assert env.words("X", []) == ["one", "two", "three"]
