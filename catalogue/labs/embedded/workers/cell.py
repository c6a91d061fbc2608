"""What one function's worker is shut in with: processes, files and bounds of its own.

The zygote loads this file by its path; see `namespaces` for what it may import. The worker is the first process in a
process namespace: when it ends, all that it has started ends, whatever it has done to stay.
"""

import importlib.util
import os
import resource
from pathlib import Path
from typing import Any

_FILES = 1024
_PROCESSES = 256
"""Lambda allows 1,024 of each: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
Here all functions' processes share one machine."""
_CPU_SECONDS = 3_600
_SLACK = 4
"""Address space beyond a function's memory: programs reserve far more than they use, and what they use is watched."""


def _namespaces() -> Any:
    spec = importlib.util.spec_from_file_location("_zygote_namespaces", Path(__file__).with_name("namespaces.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


namespaces = _namespaces()


def new_processes() -> None:
    """The next child of this process is the first in namespaces of its own. Raises OSError."""
    namespaces.own_user_namespace(os.CLONE_NEWPID | os.CLONE_NEWNS | os.CLONE_NEWIPC)


def enter(wanted: dict[str, Any]) -> None:
    """In that child: `{"hidden": folder, "shown": one in it, "tmp_mb": …, "memory_mb": …}`. Raises OSError."""
    hidden, shown = Path(wanted["hidden"]), Path(wanted["shown"])
    namespaces.private_mounts()
    own = os.open(shown, os.O_PATH)
    kept = [(path, os.open(path, os.O_PATH)) for path in _mounted_below_tmp() if not hidden.is_relative_to(path)]
    namespaces.tmpfs("/tmp", wanted["tmp_mb"])  # noqa: S108
    flags = namespaces.MS_NOSUID | namespaces.MS_NODEV | namespaces.MS_NOEXEC
    namespaces.mount("proc", "/proc", "proc", flags)
    for path, descriptor in kept:
        path.mkdir(parents=True, exist_ok=True)
        namespaces.bind(f"/proc/self/fd/{descriptor}", path)
        os.close(descriptor)
    hidden.mkdir(parents=True, exist_ok=True)  # it may lie in what /tmp was before
    namespaces.tmpfs(hidden, 0.1, "755")
    shown.mkdir(parents=True)
    namespaces.bind(f"/proc/self/fd/{own}", shown)
    os.close(own)
    namespaces.make_read_only(hidden)
    namespaces.no_more_user_namespaces()
    _bound(wanted["tmp_mb"], wanted["memory_mb"])
    namespaces.drop_capabilities()


def _mounted_below_tmp() -> list[Path]:
    """Python and its packages, if the site is installed under /tmp: the folders that `isolation` has mounted there."""
    places = [line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    folders = {Path(place.encode().decode("unicode_escape")) for place in places if place.startswith("/tmp/")}  # noqa: S108
    return sorted(folder for folder in folders if folder.is_dir() and not folders.intersection(folder.parents))


def _bound(tmp_mb: int, memory_mb: int) -> None:
    megabyte = 1024 * 1024
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    for what, most in (
        (resource.RLIMIT_AS, used + (memory_mb * _SLACK + 512) * megabyte),
        (resource.RLIMIT_FSIZE, (tmp_mb + 1) * megabyte),
        (resource.RLIMIT_NOFILE, _FILES),
        (resource.RLIMIT_NPROC, _PROCESSES),
        (resource.RLIMIT_CPU, _CPU_SECONDS),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(what)[1]
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)  # no process may raise a hard limit
        resource.setrlimit(what, (least, least))
