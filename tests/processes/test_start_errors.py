"""What keeps the site from starting is one line that says what to do, and never a traceback."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from catalogue.base.var_folder import make_private
from catalogue.processes.start_errors import explain
from tests.support.site import ROOT, free_port

UP = ("up", "--port", "{port}")
CHECK = ("check", "--deploy")


def manage(command: tuple[str, ...], var: Path, wrap: tuple[str, ...] = (), **environment: str) -> str:
    """Run a command that must fail; returns the one line that it writes."""
    arguments = [part.format(port=free_port()) for part in command]
    given = {name: value for name, value in os.environ.items() if name not in ("PORT", "SITE_URL", "DATABASE_URL")}
    run = subprocess.run(
        [*wrap, sys.executable, "manage.py", *arguments],
        cwd=ROOT,
        env={**given, "VAR_DIR": str(var), **environment},
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert run.returncode == 1, run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    assert run.stdout == ""
    assert run.stderr.count("\n") == 1, run.stderr
    return run.stderr


DEPLOYED = {
    "DEBUG": "0",
    "SECRET_KEY": "s3cret-" * 10,
    "SITE_URL": "https://patterns.example",
    "FROM_EMAIL": "a@b.example",
}


def test_a_check_before_the_folder_exists(tmp_path: Path) -> None:
    told = manage(CHECK, tmp_path / "var", (), **DEPLOYED)
    assert f"The folder {tmp_path / 'var'} does not exist" in told


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    told = manage(UP, tmp_path / "file" / "var")
    assert f"{tmp_path / 'file'} is not a folder" in told


@pytest.mark.parametrize("command", [UP, CHECK], ids=["up", "check"])
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ("ro", "Read-only file system"),
        ("size=8k", "No space left on device"),
    ],
    ids=["read-only", "full"],
)
def test_a_file_system_that_takes_nothing(tmp_path: Path, command: tuple[str, ...], options: str, reason: str) -> None:
    """On a real one, in a mount namespace of its own."""
    mount = ("unshare", "-m", "sh", "-c", f'mount -t tmpfs -o {options} none "$VAR_DIR" && exec "$@"', "sh")
    if not shutil.which("unshare") or subprocess.run([*mount, "true"], env={"VAR_DIR": str(tmp_path)}).returncode:
        pytest.skip("This machine does not let us mount a file system.")
    told = manage(command, tmp_path, mount, **(DEPLOYED if command is CHECK else {}))
    assert str(tmp_path) in told
    assert reason in told


def spoil_key(var: Path) -> None:
    (var / "secret-key").mkdir()


def spoil_emulator(var: Path) -> None:
    (var / "embedded").touch()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (spoil_key, ("secret-key cannot be used", "Is a directory")),
        pytest.param(spoil_emulator, ("embedded AWS", "embedded cannot be used"), marks=pytest.mark.lab),
    ],
)
def test_something_in_the_folder_that_cannot_be_used(
    tmp_path: Path, spoil: Callable[[Path], None], words: tuple[str, ...]
) -> None:
    spoil(tmp_path)
    told = manage(UP, tmp_path)
    for word in words:
        assert word in told


def test_a_database_server_that_is_away(tmp_path: Path) -> None:
    """`up` and `check --database default` report the same as backends.E001."""
    port = free_port()
    told = manage(("showmigrations",), tmp_path, DATABASE_URL=f"postgres://someone:hidden@127.0.0.1:{port}/site")
    assert f"The database at 127.0.0.1:{port} cannot be used" in told
    assert "DATABASE_URL" in told
    assert "hidden" not in told


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "db.sqlite3").write_text("not a database, " * 100)
    told = manage(("migrate",), tmp_path)
    assert "db.sqlite3 cannot be used: file is not a database" in told


def test_a_setting_that_cannot_be_read(tmp_path: Path) -> None:
    assert "DEBUG='maybe'" in manage(("check",), tmp_path, DEBUG="maybe")


def test_a_mistake_of_the_code_keeps_its_traceback() -> None:
    assert explain(ValueError("a mistake")) is None
    assert explain(OSError("without a file")) is None


def test_the_folder_and_what_it_holds_become_the_sites_alone(tmp_path: Path) -> None:
    var = tmp_path / "var"
    (var / "pages").mkdir(parents=True, mode=0o755)
    outside = tmp_path / "outside"
    for file in (var / "db.sqlite3", var / "pages" / "page", outside):
        file.touch()
        file.chmod(0o664)
    (var / "tool").touch(mode=0o755)
    (var / "link").symlink_to(outside)
    before = os.umask(0o022)
    try:
        make_private(var)
        (var / "new").touch()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (var, *var.rglob("*"))}
    assert modes.pop("link") == 0o664, "what a link leads to is not the folder's"
    assert modes == {
        "var": 0o700,
        "pages": 0o700,
        "db.sqlite3": 0o600,
        "page": 0o600,
        "tool": 0o700,
        "new": 0o600,
    }
