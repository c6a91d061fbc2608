"""The closed schema of ledger.yaml: what AWS documents, what the embedded AWS did, and the test that shows it."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from catalogue.patterns.content.schemas.pattern import Closed, Id, Line, Prose

Source = Annotated[
    str, StringConstraints(pattern=r"^https://(docs\.aws\.amazon\.com|aws\.amazon\.com|www\.rfc-editor\.org)/")
]
TestName = Annotated[str, StringConstraints(pattern=r"^tests/[a-z0-9_/]+\.py::test_[a-z0-9_]+$")]


class Proof(Closed):
    """Steps of the demo whose claims show the behavior, levers that do, or tests of the project marked with it."""

    steps: tuple[Id, ...] = ()
    levers: tuple[Id, ...] = ()
    tests: tuple[TestName, ...] = ()
    """Each carries `@pytest.mark.ledger("<slug>", "<row id>")`."""

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if not (self.steps or self.levers or self.tests):
            raise ValueError("name a step, a lever or a test that shows it")
        return self


class LedgerEntry(Closed):
    id: Id
    behavior: Line
    """What is looked at, in a few words."""
    documented: Prose
    """What AWS documents."""
    source: Source
    """The page that says so."""
    embedded: Prose
    """What the embedded AWS did in the tests."""
    difference: Prose | None = None
    """What a reader must expect to be otherwise on AWS; absent where nothing is known to differ."""
    proof: Proof


class Ledger(Closed):
    rows: Annotated[tuple[LedgerEntry, ...], Field(min_length=3)]
