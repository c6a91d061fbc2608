"""The folder that the site writes to. It holds addresses and keys, so only the site's user may read it."""

import os
import stat
from contextlib import suppress
from pathlib import Path

UMASK = 0o077
LEAST_ROOM = 256 * 1024
"""Bytes. With less, not even an empty database can be made."""
_OTHERS = 0o077


def make_private(var: Path) -> None:
    """Make the folder with mode 0700, and take all rights of group and others from what it already holds.

    From now on this process and those that it starts give them none. Raises OSError if the folder cannot be made.
    """
    os.umask(UMASK)
    var.mkdir(parents=True, exist_ok=True)
    if var.stat().st_mode & stat.S_ISVTX:
        return  # a shared folder such as /tmp: its modes are not ours to change
    _tighten(var)
    for folder, folders, files in os.walk(var):
        for name in (*folders, *files):
            _tighten(Path(folder, name))


def require_room(var: Path) -> None:
    """Raise OSError, with a file's name, if the folder exists and nothing can be written to it.

    To be called before the database is asked: Django takes one that cannot be written for one without JSON.
    """
    if not var.exists():
        return
    probe = var / f"room-{os.getpid()}"
    try:
        probe.write_bytes(bytes(LEAST_ROOM))
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(var)) from None
    finally:
        with suppress(OSError):
            probe.unlink()


def _tighten(path: Path) -> None:
    with suppress(FileNotFoundError, PermissionError):  # gone since, or of another user, as an emulator's folder may be
        mode = stat.S_IMODE(path.lstat().st_mode)
        if mode & _OTHERS and not path.is_symlink():
            path.chmod(mode & ~_OTHERS)
