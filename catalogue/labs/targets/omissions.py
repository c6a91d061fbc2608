"""Resources that the embedded AWS has failed to create, of a template on its own: the next attempt leaves them out.

Kept by the content of the template, for as long as the process lives: `serverless-patterns open` is one.
"""

import re
from collections.abc import Iterable, Mapping

_REASON = re.compile(r"([A-Za-z0-9]+): (.+)", re.DOTALL)
"""How a failed stack names the first resource that failed (`lifecycle.stacks.Stack.reason`)."""
_omitted: dict[str, dict[str, str]] = {}


def omitted(content_hash: str) -> Mapping[str, str]:
    """Why each is left out, a sentence, by logical id."""
    return _omitted.get(content_hash, {})


def omit(content_hash: str, reason: str) -> bool:
    """Leave out the resource that a failed stack's reason names. False if it names none, or one that is left out
    already."""
    named = _REASON.fullmatch(reason)
    known = _omitted.setdefault(content_hash, {})
    if named is None or named[1] in known:
        return False
    known[named[1]] = f"The embedded AWS could not create it: {named[2].strip().rstrip('.')}."
    return True


def carry_over(before: str, after: str, ids: Iterable[str]) -> None:
    """Leave out of the content `after` what was left out of `before`, as far as it has one of these ids."""
    known = omitted(before)
    if kept := {id: known[id] for id in ids if id in known}:
        _omitted[after] = kept | _omitted.get(after, {})
