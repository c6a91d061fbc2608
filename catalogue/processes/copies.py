"""A part that is a copy of this process: what this process has imported, the copy has too, and shares the memory of it.

`subprocess` makes the copy, as it does for every program, and calls `run_copy` in it in place of executing one. So a
copy and a program are started, watched and collected by the same code.
"""

import atexit
import ctypes
import gc
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any, NoReturn

from catalogue.processes import heartbeat

_HANDLERS: Mapping[signal.Signals, Any] = {
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
    signal.SIGINT: signal.default_int_handler,
    signal.SIGPIPE: signal.SIG_IGN,
    signal.SIGXFSZ: signal.SIG_IGN,
}
"""What a Python program starts with. The first three are the supervisor's own; `subprocess` resets the last two."""


def can_copy() -> bool:
    """Whether this process can be copied: on Linux, and with no other thread, whose locks a copy would inherit."""
    return sys.platform == "linux" and len(list(Path("/proc/self/task").iterdir())) == 1


def freeze() -> None:
    """Call it once everything is imported: collections in copies then leave alone what was there before."""
    gc.collect()
    gc.freeze()


def open_descriptors() -> set[int]:
    """The numbers of this process's open files; none where nothing is copied."""
    if sys.platform != "linux":
        return set()
    with os.scandir("/proc/self/fd") as entries:
        numbers = {int(entry.name) for entry in entries}
    return {number for number in numbers if _is_open(number)}


def run_copy(
    work: Callable[[], None], command: Collection[str], environment: Mapping[str, str], keep: Collection[int]
) -> NoReturn:
    """In a copy: do the work with this environment and end as a program would. `command` is what process lists show.

    Standard input, output and error and the descriptors of `keep` stay open. Objects that hold other descriptors must
    outlive the work: the supervisor's do, because its frames are below.
    """
    code = 1
    try:
        for descriptor in open_descriptors() - {0, 1, 2, *keep}:
            os.close(descriptor)
        for number, handler in _HANDLERS.items():
            signal.signal(number, handler)
        os.environ.clear()
        os.environ.update(environment)
        _show_as(command)
        heartbeat.take_up()
        gc.enable()  # `subprocess` turns it off while it copies
        work()
        code = 0
    except SystemExit as end:
        code = _code(end)
    except KeyboardInterrupt:
        code = 130
    except BaseException:
        traceback.print_exc()
    finally:
        _end(code)


def _code(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    sys.stderr.write(f"{end.code}\n")
    return 1


def _end(code: int) -> NoReturn:
    """As Python ends: threads, then what is registered for the end, then what is still to be written."""
    try:
        threading._shutdown()  # type: ignore[attr-defined]  # multiprocessing ends its copies so, too
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        code = code or 1
    os._exit(code)


def _show_as(command: Collection[str]) -> None:
    """Let ps and /proc show this command line, or as many of its last words as fit: the place is the first one's.

    https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html (fields 48 and 49, arg_start and arg_end)
    """
    try:
        fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
        start, end = int(fields[45]), int(fields[46])
    except (OSError, ValueError, IndexError):
        return
    room = end - start
    words = list(command)
    while words and len(_joined(words)) > room:
        words.pop(0)
    if start and words:
        ctypes.memmove(start, _joined(words).ljust(room, b"\0"), room)


def _joined(words: Collection[str]) -> bytes:
    return b"".join(os.fsencode(word) + b"\0" for word in words)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True
