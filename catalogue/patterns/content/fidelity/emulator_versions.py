"""Versions of the embedded AWS, and what each changed in the fidelity ledgers: emulator.yaml."""

from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field, StringConstraints

from catalogue.patterns.content.schemas.pattern import Closed, Line

FILE = Path(__file__).with_name("emulator.yaml")


class Version(Closed):
    version: Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)+$")]
    since: date
    """Day on which the catalogue began to use it."""
    changes: Annotated[tuple[Line, ...], Field(min_length=1)]
    """What behaves otherwise than on the version before, one sentence each."""


class _Versions(Closed):
    versions: Annotated[tuple[Version, ...], Field(min_length=1)]


@cache
def emulator_versions() -> tuple[Version, ...]:
    """The newest first. Raises pydantic's ValidationError for a file that does not fit."""
    return _Versions.model_validate(yaml.safe_load(FILE.read_text("utf-8"))).versions
