"""Database and AWS calls of asynchronous code: in threads of their own, so that no event loop waits for them.

Each thread keeps its database connection, since to open one for each call costs more than most calls: on Postgres a
login. One that has been idle is tried before it is used, and replaced where it is broken or old.
"""

import asyncio
import contextvars
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

_THREADS = 16
_IDLE_SECONDS = 5.0
"""After so long without a call the connection is tried first: the server may have ended it."""
_OLDEST_SECONDS = 600.0
"""A connection is replaced after so long, so that a database that has moved is found."""
_executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="labs")
_kept = threading.local()


async def in_database[**P, T](function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` in one of the labs' threads, each of which keeps a database connection of its own.

    It sees the context of the request under way, so that its log lines carry the request id.
    """

    def call() -> T:
        _look_after_connections()
        try:
            return function(*args, **kwargs)
        finally:
            _kept.used_at = time.monotonic()
            for connection in _open_connections():
                if connection.errors_occurred or _is_pooled(connection):
                    connection.close()

    return await asyncio.get_running_loop().run_in_executor(_executor, contextvars.copy_context().run, call)


def _look_after_connections() -> None:
    idle = time.monotonic() - getattr(_kept, "used_at", 0.0) > _IDLE_SECONDS
    for connection in _open_connections():
        old = time.monotonic() - _opened_at(connection) > _OLDEST_SECONDS
        if old or (idle and not connection.is_usable()):
            connection.close()


def _open_connections() -> Iterator[BaseDatabaseWrapper]:
    """This thread's own that are open and in no transaction."""
    for connection in connections.all(initialized_only=True):
        if connection.connection is not None and not connection.in_atomic_block:
            yield connection


def _opened_at(connection: BaseDatabaseWrapper) -> float:
    """When this thread first used the connection that it has now."""
    # The connection itself is kept: the id of one that is closed may be that of the next.
    known: dict[str, tuple[object, float]] = _kept.__dict__.setdefault("opened", {})
    if known.get(connection.alias, (None, 0.0))[0] is not connection.connection:
        known[connection.alias] = (connection.connection, time.monotonic())
    return known[connection.alias][1]


def _is_pooled(connection: BaseDatabaseWrapper) -> bool:
    """Django closes a connection of psycopg's pool by giving it back."""
    return bool(connection.settings_dict.get("OPTIONS", {}).get("pool"))
