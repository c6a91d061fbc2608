"""Ids that a file may give only once."""

from collections.abc import Iterable, Iterator


def repeated(ids: Iterable[str], taken: Iterable[str] = ()) -> Iterator[tuple[int, str]]:
    """Index and id of each one that an earlier one has, or that is among those `taken` elsewhere."""
    seen = set(taken)
    for index, id in enumerate(ids):
        if id in seen:
            yield index, id
        seen.add(id)
