"""Storage that is away: which exceptions say so, and one line in the log for a period of them.

The disk is full, SQLite stays locked past its wait, Postgres is away. It passes, and is no mistake of the request:
the caller gets a 503 with Retry-After, and loops go on.
"""

import errno
import logging
import sqlite3
import threading
import time
from contextlib import suppress

from django.db import DatabaseError, InterfaceError, OperationalError

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5
PERIOD_SECONDS = 60.0
"""In which faults are one line in the log."""
TITLE = "Service Unavailable"
DETAIL = "The site cannot reach its storage right now. Nothing was changed. Try again in a few seconds."

_FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO}
_SQLITE_ERROR = 1
"""What SQLite calls a mistake in a query and a table that is missing. All its other codes are about the file."""
_READ_ONLY = "25006"
"""Postgres, read_only_sql_transaction: a standby, or a server that was switched to it as its disk ran full."""


def is_storage_fault(error: BaseException) -> bool:
    """Whether this exception says that storage is away, and not that something is wrong with what was asked of it."""
    cause = error.__cause__
    match error:
        case OSError():
            return error.errno in _FULL_DISK
        case OperationalError() | InterfaceError():
            return getattr(cause, "sqlite_errorcode", None) != _SQLITE_ERROR
        case DatabaseError():
            damaged = type(cause) is sqlite3.DatabaseError  # only an operator can help, and perhaps soon
            return damaged or getattr(cause, "sqlstate", None) == _READ_ONLY
    return False


class Faults:
    """Storage faults of one process: the first of a period is logged, later ones are counted."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logged = float("-inf")
        self._more = 0

    def note(self, error: BaseException, where: str) -> None:
        """Someone has met this fault. `where` is what could not be done, as the log shall say it."""
        with self._lock:
            if time.monotonic() - self._logged < PERIOD_SECONDS:
                self._more += 1
                return
            self._logged = time.monotonic()
            more, self._more = self._more, 0
        since = f" ({more} more since the last line)" if more else ""
        with suppress(OSError):  # the log may lie on the same disk
            logger.error("Storage does not answer: %s: %s%s", where, _first_line(error), since)


faults = Faults()


def _first_line(error: BaseException) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
