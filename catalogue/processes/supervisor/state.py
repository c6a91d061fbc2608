"""What the supervisor tells of its parts: a file that other processes may read, and systemd.

The file is `{"supervisor": pid, "at": seconds, "state": "starting" | "running" | "stopping", "parts": {name: {...}}}`,
each part with `state` (`starting`, `running`, `replacing`, `done`, `ended`), `pid`, `since` (seconds since 1970, of
its present process), `restarts` (without those that the part asked for), `cause` (of the last one, or empty) and
`needed`. It is replaced whole when something changes and every `REFRESH_SECONDS`; if `at` is older than three times
that, the supervisor itself is gone or hangs.
"""

import json
import logging
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from catalogue.processes import kernel as processes

logger = logging.getLogger(__name__)

REFRESH_SECONDS = 5.0
type PartState = Literal["starting", "running", "replacing", "done", "ended"]


@dataclass
class PartStatus:
    """One part, as told."""

    state: PartState = "starting"
    pid: int | None = None
    ticks: int | None = None
    """When that process was started, by the kernel's clock (`processes.started_at`)."""
    since: float = 0.0
    restarts: int = 0
    cause: str = ""
    needed: bool = True


class StateFile:
    """Writes the file; without a path it does nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._due = 0.0
        self._failed = False
        self.state: Literal["starting", "running", "stopping"] = "starting"
        self.parts: dict[str, PartStatus] = {}

    def write(self) -> None:
        """Replace the file. A disk that is full must not stop the supervisor: that is logged once."""
        self._due = time.monotonic() + REFRESH_SECONDS
        if self._path is None:
            return
        document = {
            "supervisor": os.getpid(),
            "at": round(time.time(), 3),
            "state": self.state,
            "parts": {name: asdict(told) for name, told in self.parts.items()},
        }
        aside = self._path.with_suffix(".new")
        try:
            aside.write_text(json.dumps(document, indent=1))
            aside.replace(self._path)
            self._failed = False
        except OSError as error:
            if not self._failed:
                logger.warning("%s cannot be written: %s", self._path, error.strerror)
            self._failed = True

    def refresh(self) -> None:
        if time.monotonic() >= self._due:
            self.write()

    def remove(self) -> None:
        if self._path is not None:
            with suppress(OSError):
                self._path.unlink(missing_ok=True)


def read(path: Path) -> dict[str, Any] | None:
    """The document as it stands in the file; None if there is none, or none that can be read."""
    try:
        document = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return document if isinstance(document, dict) else None


def kill_leftovers(path: Path) -> list[str]:
    """Kill what a supervisor that was itself killed has left, by the file that it left; returns the parts' names."""
    found = []
    for name, told in ((read(path) or {}).get("parts") or {}).items():
        pid, ticks = told.get("pid"), told.get("ticks")
        if isinstance(pid, int) and isinstance(ticks, int) and processes.members(pid, ticks):
            processes.kill_group(pid)
            found.append(name)
    return found
