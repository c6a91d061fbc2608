"""ledger.yaml against the demo: every published lab has one, and each row points at claims that hold it.

That the tests a row names exist, and carry its mark, is for the test suite to see: content knows nothing of tests
(tests/patterns/content/published/test_ledgers.py).
"""

import difflib
from collections.abc import Iterator

from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.ledger import LedgerEntry
from catalogue.patterns.content.schemas.pattern import Expect, Lever, Step, Trial


def check(pattern: Pattern) -> Iterator[ContentError]:
    if pattern.ledger is None:
        if pattern.runnable and not pattern.front.draft:
            yield ContentError(
                pattern.folder / "ledger.yaml",
                1,
                f"{pattern.title} has a lab, but no ledger that shows how faithful it is.",
                "Add ledger.yaml: rows of what AWS documents, what the embedded AWS did, and what shows it.",
                id="patterns.E075",
            )
        return
    seen: set[str] = set()
    for index, row in enumerate(pattern.ledger.rows):
        if row.id in seen:
            yield _wrong(
                pattern, index, ("id",), f"The row id `{row.id}` is taken.", "Choose another.", "patterns.E075"
            )
        seen.add(row.id)
        yield from _proof(pattern, index, row)


def claims(part: Step | Trial | Lever) -> bool:
    """Whether taking this part can fail: whether it says what must be answered or seen."""
    if isinstance(part, Lever):
        return claims(part.shows) or claims(part.restored)
    return bool(part.observe) or part.expect != Expect()


def _proof(pattern: Pattern, index: int, row: LedgerEntry) -> Iterator[ContentError]:
    demo = pattern.demo
    steps = {step.id: claims(step) for step in demo.steps} if demo else {}
    levers = {lever.id: claims(lever) for lever in demo.levers} if demo else {}
    for kind, named, known in (("step", row.proof.steps, steps), ("lever", row.proof.levers, levers)):
        for place, id in enumerate(named):
            at = ("proof", f"{kind}s", place)
            if id not in known:
                close = difflib.get_close_matches(id, known, n=1)
                guess = f"Did you mean `{close[0]}`? " if close else ""
                there = ", ".join(known) or "none"
                yield _wrong(
                    pattern,
                    index,
                    at,
                    f"The row `{row.id}` names the {kind} `{id}`, which demo.yaml does not have.",
                    f"{guess}The {kind}s are: {there}.",
                    "patterns.E076",
                )
            elif not known[id]:
                where = "`expect` or `observe`" if kind == "step" else "`shows` or `restored`"
                yield _wrong(
                    pattern,
                    index,
                    at,
                    f"The {kind} `{id}` asserts nothing, so it does not prove `{row.id}`.",
                    f"Give it {where}, or name another proof.",
                    "patterns.E076",
                )


def _wrong(
    pattern: Pattern, index: int, place: tuple[str | int, ...], message: str, remedy: str, id: str
) -> ContentError:
    line = pattern.line("ledger.yaml", "rows", index, *place)
    return ContentError(pattern.folder / "ledger.yaml", line, message, remedy, id=id)
