"""Files that a build keeps under var/pages/: their names, and how they are put in place and read meanwhile."""

import hashlib
import os
import sqlite3
from pathlib import Path

from django.conf import settings


def kept_file(kind: str, made_for: str, suffix: str) -> Path:
    """Where a thing of this kind is kept; what was made for something else has another name."""
    name = hashlib.sha256(made_for.encode()).hexdigest()[:16]
    file: Path = settings.VAR_DIR / "pages" / f"{kind}-{name}{suffix}"
    return file


def put(file: Path, data: bytes) -> None:
    """Written aside and put in place: whoever reads has the old content or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f".{file.name}.{os.getpid()}.new")
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
    except sqlite3.Error:
        database.close()
        return None
    return database
