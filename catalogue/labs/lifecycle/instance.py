"""This instance of the site: one VAR_DIR, one `manage.py up`. Its id stays the same from start to start."""

import fcntl
import secrets
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from tempfile import NamedTemporaryFile

from django.conf import settings

LOCK = "up.lock"
"""The file under VAR_DIR that a running `manage.py up` holds locked, with its process id in it."""


def instance_id() -> str:
    """16 hexadecimal digits, kept in VAR_DIR/instance-id. Raises OSError if that file can be neither read nor made."""
    return _read_or_make(Path(settings.VAR_DIR))


@lru_cache(maxsize=8)
def _read_or_make(var: Path) -> str:
    kept = var / "instance-id"
    if not kept.exists():
        var.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Written to another file first: of two processes that start at once, both read the same whole id.
        with NamedTemporaryFile("w", dir=var) as fresh:
            fresh.write(secrets.token_hex(8))
            fresh.flush()
            with suppress(FileExistsError):
                kept.hardlink_to(fresh.name)
    return kept.read_text().strip()


def running_process() -> int | None:
    """The process id of the `manage.py up` that runs on this VAR_DIR; None if there is none."""
    try:
        with (Path(settings.VAR_DIR) / LOCK).open() as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return int(lock.read())
    except (OSError, ValueError):
        pass
    return None
