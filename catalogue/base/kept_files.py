"""Files that a build keeps under var/pages/: their names, and how they are put in place and read meanwhile."""

import hashlib
import logging
import os
import sqlite3
import threading
from contextlib import suppress
from functools import cache
from pathlib import Path

from django.conf import settings

logger = logging.getLogger(__name__)


def kept_file(kind: str, made_for: str, suffix: str) -> Path:
    """Where a thing of this kind is kept; what was made for something else has another name."""
    name = hashlib.sha256(made_for.encode()).hexdigest()[:16]
    file: Path = settings.VAR_DIR / "pages" / f"{kind}-{name}{suffix}"
    return file


def put(file: Path, data: bytes) -> None:
    """Write aside and put in place: a reader has the old content or the new one, even if several processes write."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}.{threading.get_ident()}.new")
    fresh.write_bytes(data)
    fresh.replace(file)


def open_to_read(file: Path, table: str) -> sqlite3.Connection | None:
    """A database for any thread that takes its turn; None if it is not there, or has no such table."""
    try:
        database = sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, check_same_thread=False)
    except sqlite3.Error:
        return None
    try:
        database.execute(f"SELECT 1 FROM {table} LIMIT 1")  # noqa: S608  (a name of ours)
    except sqlite3.Error as error:
        database.close()
        if is_damage(error):
            note_damage(file)
        return None
    return database


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file itself cannot be read any more; not that it is busy, or that the disk is full."""
    code: int = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def note_damage(file: Path) -> None:
    """Leave a note for the next build, which need not read everything to find it; and say so, once in a process."""
    with suppress(OSError):
        _note(file).touch()
    _tell(file)


def note_damage_or_raise(file: Path, error: sqlite3.DatabaseError) -> None:
    """For readers who can do without the file. Raises the error itself if it is no damage."""
    if not is_damage(error):
        raise error
    note_damage(file)


@cache
def _tell(file: Path) -> None:
    logger.error("%s is damaged: the next `manage.py build` creates it again.", file)


def is_noted(file: Path) -> bool:
    return _note(file).exists()


def take_away(file: Path) -> None:
    """A database with all that belongs to it. A process that has it open keeps the old content."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
    _note(file).unlink(missing_ok=True)


def _note(file: Path) -> Path:
    return file.with_name(file.name + ".damaged")
