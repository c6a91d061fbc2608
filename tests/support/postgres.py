"""A throw-away Postgres for tests: a cluster of its own in a temporary folder, reached by a socket in it.

Debian's `postgresql` package brings `initdb` and `pg_ctl`. They refuse to run as root, so root runs them as the user
`postgres` or `nobody`. Without them the tests are skipped, or fail if REQUIRE_POSTGRES=1.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass(frozen=True)
class Cluster:
    folder: Path
    programs: Path
    user: str

    def database(self, name: str) -> str:
        """Create a database; returns its DATABASE_URL."""
        self.run("createdb", "-h", str(self.folder), "-U", "test", name)
        return f"postgres://test@/{name}?host={self.folder}"

    def start(self) -> None:
        # The tests kill clients and stop the server, never the machine: nothing needs to reach the disk.
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c max_connections=100 -c fsync=off"
        self.run("pg_ctl", "-D", self._data, "-o", options, "-l", str(self.folder / "log"), "-w", "start")

    def stop(self) -> None:
        """End it at once, with every connection; what was committed is there after the next start."""
        self.run("pg_ctl", "-D", self._data, "-m", "fast", "-w", "stop")

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def run(self, program: str, *arguments: str) -> None:
        subprocess.run(
            [str(self.programs / program), *arguments],
            cwd=self.folder,
            user=self.user if os.getuid() == 0 else None,
            env={"PATH": os.defpath, "LC_ALL": "C"},
            check=True,
            stdout=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )


def _programs() -> Path | None:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found and (on_path := shutil.which("initdb")):
        found = [Path(on_path).resolve()]
    return found[-1].parent if found else None


def _user() -> str:
    if os.getuid() != 0:
        return pwd.getpwuid(os.getuid()).pw_name
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


@contextmanager
def running_cluster() -> Iterator[Cluster]:
    """Start a cluster and stop it at the end. Skips the test if this machine has no Postgres."""
    programs = _programs()
    if programs is None:
        reason = "No Postgres on this machine (on Debian: apt install postgresql)."
        if os.environ.get("REQUIRE_POSTGRES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    # Not under pytest's folder: its parents are closed to other users, and a socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    cluster = Cluster(folder, programs, _user())
    if os.getuid() == 0:
        shutil.chown(folder, cluster.user)
    try:
        cluster.run("initdb", "-D", str(folder / "data"), "-U", "test", "-A", "trust", "-N", "-E", "UTF8")
        cluster.start()
        try:
            yield cluster
        finally:
            with suppress(subprocess.CalledProcessError):  # a test may have stopped it
                cluster.run("pg_ctl", "-D", str(folder / "data"), "-m", "immediate", "-w", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
