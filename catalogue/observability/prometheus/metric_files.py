"""The folder through which the site's processes add their metrics up (prometheus_client's multiprocess mode).

Each process writes its counters into memory-mapped files named for its pid. `manage.py up` empties the folder at its
start and names it to the processes by PROMETHEUS_MULTIPROC_DIR; without that variable a process counts for itself.
"""

import contextlib
import fcntl
import json
import logging
import os
from pathlib import Path
from typing import Any

logger = logging.getLogger(__name__)

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # read by prometheus_client when it is imported
GAUGE_MODES = ("livesum", "livemax", "liveall")
_BYTES = 1 << 18
"""Of each file: room for about 1,500 series. The site's label values are few and fixed."""
_ALL_DEAD = "0"
"""Stands for the pid in the names of the files that hold what ended processes have counted."""


def clear(folder: Path) -> None:
    """Make the folder, or empty it: counts of an earlier start are over."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink(missing_ok=True)


def reserve() -> None:
    """Make this process's files in their full size, before prometheus_client maps them.

    A mapped file that the disk has no room for ends its process with SIGBUS at some later write. Where there is no
    room now, the process counts for itself.
    """
    folder = os.environ.get(VARIABLE)
    if not folder:
        return
    pid = os.getpid()
    names = ("counter", "histogram", *(f"gauge_{mode}" for mode in GAUGE_MODES))
    try:
        for name in names:
            descriptor = os.open(Path(folder, f"{name}_{pid}.db"), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(descriptor, 0, _BYTES)
            finally:
                os.close(descriptor)
    except OSError as error:
        del os.environ[VARIABLE]
        for name in names:
            with contextlib.suppress(OSError):
                Path(folder, f"{name}_{pid}.db").unlink()
        logger.warning("No room for metrics in %s (%s): this process counts for itself.", folder, error.strerror)


def fold_dead(folder: Path) -> None:
    """Add what ended processes have counted to one file of each type, and forget their gauges.

    So the folder does not grow with restarts, and no counter ever goes back.
    """
    with (folder / "fold.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return  # another process is at it
        for file in folder.glob("*.db"):
            type_, _, pid = file.stem.rpartition("_")
            if pid == _ALL_DEAD or not pid.isdigit() or _lives(int(pid)):
                continue
            if type_ in ("counter", "histogram"):
                _add(file, folder / f"{type_}_{_ALL_DEAD}.db")
            file.unlink(missing_ok=True)


def _add(source: Path, total: Path) -> None:
    # The supervisor imports this module and needs no metrics of its own.
    from prometheus_client import mmap_dict

    files: Any = mmap_dict.MmapedDict  # it comes untyped
    counted = files(str(total))
    try:
        for key, value, _timestamp, _place in files.read_all_values_from_file(str(source)):
            before, _ = counted.read_value(key)
            counted.write_value(key, before + value, 0.0)
    except (RuntimeError, json.JSONDecodeError) as error:
        logger.warning("The metrics of a process that has ended are damaged and were left out: %s", error)
    finally:
        counted.close()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
