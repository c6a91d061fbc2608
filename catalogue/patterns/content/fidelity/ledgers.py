"""The fidelity ledgers as pages and programs read them: rows with their proofs in words, and all that differs."""

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from catalogue.patterns.content.cards import Listed
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.ledger import LedgerEntry
from catalogue.patterns.documents.models import Url


@dataclass(frozen=True)
class Shown:
    """One proof of a row: a step or a lever of the demo, or a test of the project."""

    kind: str
    """`step`, `lever` or `test`."""
    name: str
    """The title of a step or lever; a test's name as a sentence."""
    reference: str
    """The id of a step or lever, or the test as pytest takes it."""


@dataclass(frozen=True)
class LedgerRow:
    row: LedgerEntry
    proofs: tuple[Shown, ...]


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class ProofDocument(_Document):
    steps: tuple[str, ...]
    """Ids of the demo's steps."""
    levers: tuple[str, ...]
    """Ids of the demo's levers."""
    tests: tuple[str, ...]
    """Tests of the project, as pytest takes them."""


class LedgerRowDocument(_Document):
    id: str
    behavior: str
    documented: str
    """What AWS documents."""
    source: Url
    embedded: str
    """What the embedded AWS did in the tests."""
    difference: str | None
    """What to expect otherwise on AWS; null where nothing is known to differ."""
    proof: ProofDocument


class LedgerDocument(_Document):
    """How faithful a pattern's lab is to AWS, row by row."""

    slug: str
    title: str
    url: Url
    rows: tuple[LedgerRowDocument, ...]


def ledger_rows(pattern: Pattern) -> tuple[LedgerRow, ...]:
    """The rows of the pattern's ledger in its own order; none where it keeps no ledger."""
    return tuple(LedgerRow(row, _proofs(pattern, row)) for row in pattern.ledger.rows) if pattern.ledger else ()


def differing(pattern: Listed) -> tuple[LedgerEntry, ...]:
    """The rows in which AWS is known to do otherwise."""
    return tuple(row for row in pattern.ledger.rows if row.difference) if pattern.ledger else ()


def ledger_document(pattern: Pattern, site_url: str) -> LedgerDocument:
    """`site_url` has no trailing slash."""
    return LedgerDocument(
        slug=pattern.slug,
        title=pattern.title,
        url=f"{site_url}{pattern.url}ledger/",
        rows=tuple(
            LedgerRowDocument(
                id=row.id,
                behavior=row.behavior,
                documented=row.documented,
                source=row.source,
                embedded=row.embedded,
                difference=row.difference,
                proof=ProofDocument(steps=row.proof.steps, levers=row.proof.levers, tests=row.proof.tests),
            )
            for row in (pattern.ledger.rows if pattern.ledger else ())
        ),
    )


def _proofs(pattern: Pattern, row: LedgerEntry) -> tuple[Shown, ...]:
    # An id that the demo has not is for the checks to tell of (E076): the page shows it as it stands.
    steps = {step.id: step.title for step in pattern.demo.steps} if pattern.demo else {}
    levers = {lever.id: lever.title for lever in pattern.demo.levers} if pattern.demo else {}
    return (
        *(Shown("step", steps.get(id, id), id) for id in row.proof.steps),
        *(Shown("lever", levers.get(id, id), id) for id in row.proof.levers),
        *(Shown("test", _as_sentence(name), name) for name in row.proof.tests),
    )


def _as_sentence(test: str) -> str:
    """`tests/x/test_y.py::test_a_hit_costs_nothing` as `A hit costs nothing`."""
    words = test.rpartition("::")[2].removeprefix("test_").replace("_", " ")
    return words[:1].upper() + words[1:]
