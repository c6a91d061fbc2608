"""A database of one command's own, so that an author's trials touch no running site's labs."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.db import connection, connections


@contextmanager
def own_database() -> Iterator[None]:
    """Inside this block the models live in a fresh database, deleted at the end. Several threads may use it."""
    from django.test.utils import override_settings, setup_databases, teardown_databases

    with TemporaryDirectory() as folder:
        if connection.vendor == "sqlite":  # in memory, as its tests' databases are, one connection locks out the others
            test: dict[str, Any] = connections["default"].settings_dict["TEST"]
            test["NAME"] = str(Path(folder) / "own.sqlite3")
        old = setup_databases(verbosity=0, interactive=False, serialized_aliases=[])
        try:
            with override_settings(LABS_ENDPOINTS=()):  # nor a running site's emulators
                yield
        finally:
            connection.close()
            teardown_databases(old, verbosity=0)
