"""One reading of a pattern's folder: its card or what is wrong with it, valid for as long as no file changes.

`manage.py build` keeps the readings in a file, so that a start with a thousand patterns reads none of them again.
"""

import hashlib
import os
import pickle
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from catalogue.base import fingerprint
from catalogue.base.kept_files import put
from catalogue.patterns.content.cards import Card, card_of
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern, pattern_folders, read_pattern


@dataclass(frozen=True)
class Reading:
    signature: str
    """Of path, size and modification time of every file in the folder (`signature_of`)."""
    card: Card | None
    """None if a mistake would break the pattern's pages."""
    errors: tuple[ContentError, ...]


def read_folder(folder: Path) -> tuple[Reading, Pattern | None]:
    """Read a pattern's folder now; the pattern comes along for anyone who needs it whole."""
    # It loads the renderer of prose, which a process that finds every reading in the store does not need.
    from catalogue.patterns.content.checks import rendering

    signature = signature_of(folder)  # first: a change while we read is seen the next time
    pattern, errors = read_pattern(folder)
    if pattern is not None:
        errors.extend(rendering.check(pattern))
    if pattern is None or errors:
        return Reading(signature, None, tuple(errors)), None
    return Reading(signature, card_of(pattern), ()), pattern


def unchanged(content: Path, known: Mapping[str, Reading]) -> tuple[dict[str, Reading], list[Path]]:
    """Those of the earlier readings that still hold, by slug, and the folders that have to be read."""
    found: dict[str, Reading] = {}
    changed: list[Path] = []
    for folder in pattern_folders(content):
        earlier = known.get(folder.name)
        if earlier is not None and earlier.signature == signature_of(folder):
            found[folder.name] = earlier
        else:
            changed.append(folder)
    return found, changed


def signature_of(folder: Path) -> str:
    """Changes when any file under `folder` was edited, added or removed."""
    found = []
    for parent, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in files:
            path = os.path.join(parent, name)  # noqa: PTH118  (a thousand patterns have twenty thousand files)
            try:
                status = os.stat(path)  # noqa: PTH116
            except OSError:
                continue
            found.append((path, status.st_size, status.st_mtime_ns))
    return hashlib.sha256(repr(sorted(found)).encode()).hexdigest()


_UNREADABLE = (
    OSError,
    EOFError,
    pickle.UnpicklingError,
    AttributeError,
    ImportError,
    ValueError,
    LookupError,
    TypeError,
)


def load(file: Path) -> dict[str, Reading]:
    """The kept readings by slug; none if there is no file, or one that is damaged or of another version."""
    with suppress(*_UNREADABLE):
        return {slug: pickle.loads(packed) for slug, packed in _packed(file).items()}  # noqa: S301
    return {}


def save(file: Path, readings: Mapping[str, Reading], loaded: Mapping[str, Reading]) -> None:
    """Keep the readings. Those that were `loaded` from the file are not packed again."""
    before = _packed(file)
    packed = {
        slug: before[slug] if slug in before and loaded.get(slug) is reading else pickle.dumps(reading)
        for slug, reading in readings.items()
    }
    put(file, pickle.dumps(fingerprint.code()) + pickle.dumps(packed))


def _packed(file: Path) -> dict[str, bytes]:
    """Each reading by slug, pickled by itself."""
    with suppress(*_UNREADABLE), file.open("rb") as stream:
        if pickle.load(stream) == fingerprint.code():  # noqa: S301  (written by `save`, under the site's own var/)
            packed: dict[str, bytes] = pickle.load(stream)  # noqa: S301
            return packed
    return {}
