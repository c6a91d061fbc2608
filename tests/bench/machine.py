"""What a figure was measured on, and what the site's processes take of it."""

import os
import platform
import re
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

PROGRAMS = {"nginx": "-v", "wrk": "-v", "chromium": "--version"}
"""Those that figures are measured with or against, and how each is asked for its version."""
PACKAGES = ("django", "uvicorn", "aiohttp", "ministack", "boto3")


def description() -> dict[str, Any]:
    """Processor, cores, memory, kernel, load at the start, and the versions that matter."""
    processor = next(
        (line.split(":", 1)[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.machine(),
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return {
        "processor": processor,
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(memory / 1024**2, 1),
        "system": f"{platform.system()} {platform.release()}",
        "load_before": round(os.getloadavg()[0], 2),
        "versions": {"python": sys.version.split()[0]}
        | {name: version(name) for name in PACKAGES}
        | {name: program_version(name, ask) for name, ask in PROGRAMS.items()},
    }


def program_version(name: str, ask: str) -> str:
    """What a program says of itself, `missing` without it."""
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if program is None:
        return "missing"
    said = subprocess.run([program, ask], capture_output=True, text=True, timeout=30, check=False)
    found = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    return found[0] if found else "unknown"


def tree(pid: int) -> set[int]:
    """A process and all below it that live."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                state, parent = (entry / "stat").read_text().rsplit(")", 1)[1].split()[:2]
            except OSError:
                continue
            if state != "Z":
                parents[int(entry.name)] = int(parent)
    found, waiting = {pid}, [pid]
    while waiting:
        above = waiting.pop()
        below = [child for child, parent in parents.items() if parent == above]
        found.update(below)
        waiting += below
    return found


def command(pid: int) -> bytes:
    """The command line of a process, its parts joined by NUL; nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def memory_mib(pids: set[int]) -> float:
    """Memory of these processes (PSS: what they share is counted once)."""
    kib = 0
    for pid in pids:
        for line in _lines(f"/proc/{pid}/smaps_rollup"):
            if line.startswith("Pss:"):
                kib += int(line.split()[1])
    return kib / 1024


def processor_seconds(pids: set[int]) -> float:
    """Processor time that these processes have taken, with that of their children that have ended."""
    ticks = 0
    for pid in pids:
        for line in _lines(f"/proc/{pid}/stat"):
            ticks += sum(map(int, line.rsplit(")", 1)[1].split()[11:15]))  # utime, stime, cutime, cstime
    return ticks / os.sysconf("SC_CLK_TCK")


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
