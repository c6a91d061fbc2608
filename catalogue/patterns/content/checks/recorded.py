"""recorded.json: there for every published pattern that runs, readable, and made of the present content."""

from collections.abc import Iterator

from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.runs.recorded import RECORDED, read_recorded


def check(pattern: Pattern) -> Iterator[ContentError]:
    """A draft needs none; one that is there must be readable all the same."""
    if pattern.demo is None or (pattern.front.draft and not (pattern.folder / RECORDED).exists()):
        return
    try:
        run = read_recorded(pattern)
    except ContentError as error:
        yield error
        return
    if pattern.front.draft:
        return
    taken = [action.id for action in run.actions]
    if run.pattern != pattern.slug or run.run_hash != pattern.run_hash:
        yield _stale(pattern, "run_hash", "The recorded run was made from other content.")
    elif taken != [step.id for step in pattern.demo.steps]:
        yield _stale(pattern, "actions", "The recorded run has other steps than demo.yaml.")


def _stale(pattern: Pattern, member: str, message: str) -> ContentError:
    path = pattern.folder / RECORDED
    lines = path.read_text("utf-8").splitlines()
    line = next((number for number, text in enumerate(lines, 1) if text.lstrip().startswith(f'"{member}"')), 1)
    return ContentError(
        path, line, message, f"Record it again: manage.py record_run {pattern.slug}.", id="patterns.E080"
    )
