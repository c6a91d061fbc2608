"""The tree of processes that `manage.py up` keeps running, read from the file its supervisor writes (`parts.json`)."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from catalogue.observability.prometheus.runtime import resident_bytes
from catalogue.processes import kernel as processes
from catalogue.processes.supervisor import state

FILE = "parts.json"


@dataclass(frozen=True)
class TreePart:
    name: str
    state: str
    restarts: int
    cause: str
    """Of the last restart; empty if there was none."""
    processes: int
    """It and all below it: of the embedded AWS, every worker of a function too."""
    resident_bytes: int
    """Of all these; memory that they share counts once for each."""


def parts() -> Iterator[TreePart]:
    """None where no supervisor runs on this VAR_DIR."""
    document = state.read(Path(settings.VAR_DIR) / FILE) or {}
    for name, told in (document.get("parts") or {}).items():
        pid, ticks = told.get("pid"), told.get("ticks")
        living = processes.members(pid, ticks) if isinstance(pid, int) and isinstance(ticks, int) else []
        yield TreePart(
            name=str(name),
            state=str(told.get("state", "")),
            restarts=int(told.get("restarts", 0)),
            cause=str(told.get("cause", "")),
            processes=len(living),
            resident_bytes=sum(resident_bytes(one) for one in living),
        )


def age() -> float | None:
    """Seconds since the supervisor last wrote; None where none runs."""
    document = state.read(Path(settings.VAR_DIR) / FILE)
    at = (document or {}).get("at")
    return max(0.0, time.time() - at) if isinstance(at, int | float) else None
