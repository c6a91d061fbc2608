"""What a tree of processes asks of the Linux kernel, so that nothing outlives its parent. No-ops elsewhere."""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_PR_SET_DUMPABLE = 4

_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(number: int = signal.SIGTERM) -> None:
    """Have the kernel send this process a signal when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG).

    Safe between fork and exec. The setting survives exec, but not a change of user.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, number)


def keep_private() -> None:
    """Let no other process of the same user read this one's memory and environment (prctl(2), PR_SET_DUMPABLE).

    It writes no core dump either. The setting ends with exec, so each program calls it for itself.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_DUMPABLE, 0)


def trim_memory() -> None:
    """Give memory that has been freed back to the system (malloc_trim(3), of glibc alone)."""
    with suppress(AttributeError):
        if _libc is not None:
            _libc.malloc_trim(0)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent has ended (prctl(2), PR_SET_CHILD_SUBREAPER)."""
    if _libc is not None:
        _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)


def kill_group(leader: int, number: int = signal.SIGKILL) -> None:
    """Send a signal to the process group of `leader`; no error if it is gone."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(leader, number)


def children() -> list[int]:
    """The living child processes of this one, adopted ones too; none where there is no /proc."""
    here = os.getpid()
    return [pid for pid, found in _all() if found.parent == here and found.state != "Z"]


def started_at(pid: int) -> int | None:
    """When a process was started, in the kernel's ticks since boot: with its id, this names one process for good."""
    found = _read(pid)
    return found.started if found else None


def members(session: int, since: int) -> list[int]:
    """The living processes of the session that `session` leads or led, none of them started before `since`.

    There are none if that id has meanwhile gone to another process.
    """
    leader = started_at(session)
    if leader is not None and leader != since:
        return []
    return [pid for pid, found in _all() if found.session == session and found.started >= since and found.state != "Z"]


def reap_all() -> bool:
    """Collect the exit codes of all children that have ended; whether there is no child any more."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def reap_adopted(own: set[int]) -> None:
    """Collect the exit codes of adopted children that have ended, so that they do not stay as zombies.

    `own` are the children that someone else waits for; while one of them is to be collected, the rest waits.
    """
    with suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid not in own:
            os.waitpid(ended.si_pid, os.WNOHANG)


class _Stat:
    """The fields of /proc/<pid>/stat that are used here (proc_pid_stat(5))."""

    def __init__(self, text: str) -> None:
        fields = text.rpartition(")")[2].split()
        self.state = fields[0]
        self.parent = int(fields[1])
        self.session = int(fields[3])
        self.started = int(fields[19])


def _read(pid: int) -> _Stat | None:
    try:
        return _Stat(Path(f"/proc/{pid}/stat").read_text(errors="replace"))
    except (OSError, IndexError, ValueError):
        return None


def _all() -> list[tuple[int, _Stat]]:
    try:
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    except OSError:
        return []
    return [(pid, found) for pid in pids if (found := _read(pid)) is not None]
