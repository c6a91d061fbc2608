"""Says in one line what keeps a command from running without a fault of the code: disk, database, settings."""

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


@contextmanager
def one_line_errors() -> Iterator[None]:
    """End the program with one line for what is no fault of the code; with `--traceback`, let it through."""
    try:
        yield
    except Exception as error:
        line = None if "--traceback" in sys.argv else explain(error)
        if line is None:
            raise
        raise SystemExit(line) from None


_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG)


def explain(error: BaseException) -> str | None:
    """One line with the cause and, if there is one, the remedy; None for anything else: that deserves a traceback."""
    if isinstance(error, ImproperlyConfigured):
        return _one_line(str(error))
    if isinstance(error, OSError) and error.filename is not None and error.strerror:
        return (
            f"{os.fspath(error.filename)} cannot be used: {error.strerror}.{_remedy(Path(os.fsdecode(error.filename)))}"
        )
    if isinstance(error, OSError) and error.errno in _NO_ROOM:
        return f"A file cannot be written: {error.strerror}. Make room, or set VAR_DIR to another folder."
    # Imported here: a command whose settings cannot be read has no database.
    from django.db import DatabaseError

    if isinstance(error, DatabaseError) and _is_of_the_database(error):
        return _database(error)
    return None


def _is_of_the_database(error: Exception) -> bool:
    """Whether the database is away, full, broken or not to be written; not whether a query is wrong."""
    # See above: only errors of a database come here.
    from django.db import InterfaceError, OperationalError

    if any(text in str(error) for text in ("file is not a database", "database disk image is malformed")):
        return True
    wrong_query = ("no such table", "no such column", "syntax error")
    return isinstance(error, OperationalError | InterfaceError) and not any(text in str(error) for text in wrong_query)


def _database(error: Exception) -> str:
    # See above: these settings can be read.
    from django.conf import settings

    database = settings.DATABASES["default"]
    reason = _one_line(str(error)).rstrip(".")
    if "sqlite" in database["ENGINE"]:
        file = Path(database["NAME"])
        return f"The database {file} cannot be used: {reason}.{_remedy(file)}"
    where = f"{database.get('HOST') or 'this machine'}:{database.get('PORT') or 5432}"
    return f"The database at {where} cannot be used: {reason}. Start it, or correct DATABASE_URL."


def _remedy(file: Path) -> str:
    for folder in reversed(file.parents):
        if not folder.exists():
            return f" The folder {folder} does not exist: create it, or set VAR_DIR to another one."
        if not folder.is_dir():
            return f" {folder} is not a folder: set VAR_DIR to another one."
    if file.exists() and not os.access(file, os.R_OK | os.W_OK):
        return f" Let {_user()} read and write it."
    if not os.access(file.parent, os.W_OK | os.X_OK):
        return f" Let {_user()} write to {file.parent}, or set VAR_DIR to another folder."
    return ""


def _user() -> str:
    # Only Unix has it.
    import pwd

    try:
        return f"the user {pwd.getpwuid(os.geteuid()).pw_name}"
    except KeyError:
        return f"the user {os.geteuid()}"


def _one_line(text: str) -> str:
    return " ".join(text.split())
