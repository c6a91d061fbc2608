"""Copies of the database that are whole and can be put back: SQLite by its backup API, Postgres by pg_dump.

A copy may be taken while the site runs. Only `restore` replaces anything, and it wants the site stopped.
Sources: https://sqlite.org/backup.html, https://www.postgresql.org/docs/current/app-pgdump.html (read 2026-11-30).
"""

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connections
from django.db.migrations.loader import MigrationLoader

_NAME = re.compile(r"serverless-patterns-\d{8}T\d{6}Z\.(sqlite3|pgdump)")
_SECONDS = 3600
_DROP_ALL = """
DO $$ DECLARE one record; BEGIN
    FOR one IN SELECT schemaname, tablename FROM pg_tables
        WHERE schemaname = current_schema() AND tableowner = current_user
    LOOP EXECUTE format('DROP TABLE %I.%I CASCADE', one.schemaname, one.tablename); END LOOP;
END $$
"""


class BackupFailed(Exception):
    """No copy was taken, or none was put back; the message says why and what to do."""


def take(folder: Path, keep: int) -> Path:
    """Write a copy of the database to `folder`, delete all but the `keep` newest, and return the new file.

    The copy has been checked: SQLite's integrity, or that pg_restore can read it. Raises BackupFailed; then no file
    of this attempt is left and no older one is deleted.
    """
    database: dict[str, Any] = dict(settings.DATABASES["default"])
    kind = "sqlite3" if _is_sqlite(database) else "pgdump"
    name = f"serverless-patterns-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.{kind}"
    partial = folder / f".{name}.partial"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        partial.touch(mode=0o600)
        if kind == "sqlite3":
            _copy_sqlite(Path(str(database["NAME"])), partial)
            _check_sqlite(partial)
        else:
            _postgres(database, "pg_dump", "--format=custom", "--no-owner", "--file", str(partial))
            _run([_program("pg_restore"), "--list", str(partial)], {})
        partial.rename(folder / name)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"No backup was taken: {error}.") from None
    finally:
        with suppress(OSError):
            partial.unlink()
    for old in kept(folder)[keep:]:
        old.unlink(missing_ok=True)
    return folder / name


def kept(folder: Path) -> list[Path]:
    """The backups in a folder, the newest first."""
    return sorted((file for file in folder.iterdir() if _NAME.fullmatch(file.name)), reverse=True)


def restore(file: Path) -> None:
    """Replace the database by a copy that `take` wrote. The site must be stopped. Raises BackupFailed.

    Until the copy has been checked nothing is replaced. The SQLite file that was there is kept beside it, with the
    ending `.before-restore`.
    """
    database: dict[str, Any] = dict(settings.DATABASES["default"])
    if not file.is_file():
        raise BackupFailed(f"{file} does not exist.")
    wanted = ".sqlite3" if _is_sqlite(database) else ".pgdump"
    if file.suffix != wanted:
        raise BackupFailed(
            f"{file.name} is not a backup of the database that DATABASE_URL names: that ends in {wanted}."
        )
    connections["default"].close()
    try:
        if wanted == ".sqlite3":
            _replace_sqlite(file, Path(str(database["NAME"])))
        else:
            _replace_postgres(file, database)
    except (OSError, sqlite3.Error) as error:
        raise BackupFailed(f"Nothing was restored: {error}.") from None


def unknown_migrations() -> list[str]:
    """Migrations that the database has had and this code does not know: the copy is of a newer release."""
    loader = MigrationLoader(connections["default"])
    return sorted(f"{app}.{name}" for app, name in set(loader.applied_migrations) - set(loader.disk_migrations))


def _is_sqlite(database: dict[str, Any]) -> bool:
    return str(database["ENGINE"]).endswith("sqlite3")


def _copy_sqlite(source: Path, target: Path) -> None:
    with (
        closing(sqlite3.connect(f"file:{source}?mode=ro", uri=True, timeout=30)) as live,
        closing(sqlite3.connect(target)) as copy,
    ):
        live.backup(copy, pages=2048, sleep=0.01)
        copy.execute("PRAGMA journal_mode=DELETE")


def _check_sqlite(file: Path) -> None:
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as copy:
        said = copy.execute("PRAGMA integrity_check").fetchone()[0]
        if said != "ok":
            raise BackupFailed(f"{file.name} is damaged: {said}.")
        if not copy.execute("SELECT 1 FROM sqlite_master WHERE name = 'django_migrations'").fetchone():
            raise BackupFailed(f"{file.name} is not a database of this site: it has no table django_migrations.")


def _replace_sqlite(file: Path, target: Path) -> None:
    _check_sqlite(file)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = target.with_name(target.name + ".restoring")
    try:
        shutil.copyfile(file, fresh)
        fresh.chmod(0o600)
        if target.exists():
            with closing(sqlite3.connect(target, timeout=1)) as live:  # what its log holds belongs to it
                live.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                live.execute("PRAGMA locking_mode=EXCLUSIVE")
                live.execute("BEGIN EXCLUSIVE")  # refused while anybody else uses it
                live.execute("ROLLBACK")
            target.replace(target.with_name(target.name + ".before-restore"))
        for ending in ("-wal", "-shm"):
            target.with_name(target.name + ending).unlink(missing_ok=True)
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)


def _replace_postgres(file: Path, database: dict[str, Any]) -> None:
    """In one transaction: all or nothing.

    pg_restore's own --clean drops only what the backup holds, and fails where a newer release has added a table that
    refers to one of these. So every table goes first, and psql does both.
    """
    with tempfile.TemporaryDirectory(dir=settings.VAR_DIR, prefix="restoring-") as folder:
        script = Path(folder) / "restore.sql"
        options = ("--clean", "--if-exists", "--no-owner", "--file", str(script))
        _run([_program("pg_restore"), *options, str(file)], {})
        psql = ("--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1")
        _postgres(database, "psql", *psql, f"--command={_DROP_ALL}", f"--file={script}")


def _postgres(database: dict[str, Any], program: str, *arguments: str) -> None:
    """Run a program of Postgres's on the site's database. The password goes by environment, not by command line."""
    options = database.get("OPTIONS", {})
    environment = {
        "PGHOST": database.get("HOST") or options.get("host", ""),
        "PGPORT": str(database.get("PORT") or ""),
        "PGUSER": database.get("USER", ""),
        "PGPASSWORD": database.get("PASSWORD", ""),
        "PGSSLMODE": options.get("sslmode", ""),
        "PGDATABASE": str(database["NAME"]),
    }
    _run([_program(program), *arguments], {key: value for key, value in environment.items() if value})


def _program(name: str) -> str:
    """The newest of the installed versions: an older pg_dump refuses a newer server."""

    def version(path: Path) -> int:
        return int(path.parts[-3]) if path.parts[-3].isdigit() else 0

    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=version)
    path = str(found[-1]) if found else shutil.which(name)
    if path is None:
        raise BackupFailed(f"{name} is not installed (on Debian: apt install postgresql-client).")
    return path


def _run(command: Sequence[str], environment: dict[str, str]) -> None:
    try:
        subprocess.run(  # noqa: S603  (fixed programs, arguments of our own)
            command,
            env={"PATH": os.defpath, "LC_ALL": "C", **environment},
            check=True,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    except subprocess.CalledProcessError as error:
        said = (error.stderr or "").strip().splitlines()
        raise BackupFailed(f"{Path(command[0]).name} failed: {said[0] if said else error}") from None
    except subprocess.TimeoutExpired:
        raise BackupFailed(f"{Path(command[0]).name} did not finish within {_SECONDS} seconds.") from None
