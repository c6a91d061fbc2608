"""Shuts a process in before it reads a stranger's template: no network, no programs, no files but Python's and its own.

The template is data, and nothing that reads it here needs more. These bounds hold even where a library that reads it
would open a file or an address that the template names. Call `shut_in` after everything is imported that will be.
"""

import ctypes
import os
import resource
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

MEMORY_BYTES = 1_500_000_000
FILE_BYTES = 8_000_000
"""Of a file that it writes; cfn-lint takes a template from a file."""
DESCRIPTORS = 64
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS = 1, 4, 38
_SIGKILL = 9
_REFUSED = (
    *("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.system", "os.kill"),
    *("ctypes.", "urllib.", "http.", "ftplib.", "smtplib.", "pty.", "webbrowser."),
)
_PATHS = {"open", "os.listdir", "os.scandir", "os.chdir"}
_CHANGES = {"os.remove", "os.rmdir", "os.rename", "os.link", "os.symlink", "os.mkdir", "os.chmod", "os.chown"}
_CHANGES |= {"os.truncate", "os.utime", "shutil.rmtree", "shutil.move", "shutil.copyfile"}


def bound(cpu_seconds: int) -> None:
    """Limits of the kernel for this process: memory, processor time, files. It ends when its parent does."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, FILE_BYTES),
        (resource.RLIMIT_NOFILE, DESCRIPTORS),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (most, most))
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        libc.prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def shut_in(own: Path, *also: Path) -> None:
    """No network where the kernel allows a namespace, and an audit hook that refuses what `_allowed` does not.

    `own` is the folder that this process may write to; `also` are folders that it may read. There is no way back.
    """
    if hasattr(os, "unshare"):
        with suppress(OSError):  # not allowed on this machine; the hook refuses every socket anyway
            os.unshare(os.CLONE_NEWUSER | os.CLONE_NEWNET)
    read = tuple(dict.fromkeys((*_python(), *map(os.path.realpath, (own, *also)))))
    written = (os.path.realpath(own),)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        if event.startswith(_REFUSED) or not _allowed(event, arguments, read, written):
            raise PermissionError(f"A pasted template asked for {event}, which is refused.")

    sys.addaudithook(hook)


def _allowed(event: str, arguments: tuple[Any, ...], read: tuple[str, ...], written: tuple[str, ...]) -> bool:
    """Whether a path that an event names is one of the folders that it may read, or change.

    https://docs.python.org/3.13/library/audit_events.html
    """
    if event not in _PATHS | _CHANGES:
        return True
    path = arguments[0] if arguments else None
    if isinstance(path, int):  # a descriptor that is open already
        return True
    flags = arguments[2] if event == "open" and len(arguments) > 2 and isinstance(arguments[2], int) else 0
    changes = event in _CHANGES or bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC))
    folders = written if changes else read
    found = os.path.realpath(os.fsdecode(path) if path is not None else ".")
    return any(found == folder or found.startswith(folder + os.sep) for folder in folders)


def _python() -> Iterator[str]:
    """Folders of the standard library, of the installed packages and of this project's own code."""
    paths = sysconfig.get_paths()
    for name in ("stdlib", "platstdlib", "purelib", "platlib"):
        yield os.path.realpath(paths[name])
    yield os.path.realpath(Path(__file__).parents[2])
    yield os.path.realpath("/usr/share/zoneinfo")
