"""What of the site works now, as `/readyz` and the status page tell it.

Parts of the site register checks. Each has at most CHECK_SECONDS; one that hangs is reported as such and not begun
again while it hangs. A round is kept for KEEP_SECONDS, and only one is made at a time, so that strangers who ask often
cost the database nothing.
"""

import concurrent.futures
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db import close_old_connections

logger = logging.getLogger(__name__)

CHECK_SECONDS = 2.0
KEEP_SECONDS = 1.0


@dataclass(frozen=True)
class Finding:
    """What a check saw of one part."""

    ok: bool
    reason: str = ""
    """For operators: what is wrong, or what there is."""
    age: float | None = None
    """Seconds since its last sign of life, where it gives such."""


type Check = Callable[[], Finding]


@dataclass(frozen=True)
class Part:
    name: str
    state: str
    """`ok` or `down`."""
    needed: bool
    reason: str
    age: float | None
    seconds: float
    """That the check took."""


@dataclass(frozen=True)
class Report:
    parts: tuple[Part, ...]
    at: float = field(default_factory=time.time)
    """Unix seconds."""

    @property
    def ready(self) -> bool:
        return all(part.state == "ok" for part in self.parts if part.needed)

    @property
    def status(self) -> str:
        """`ready`, `degraded` (a part is down that the site can do without) or `unready`."""
        if not self.ready:
            return "unready"
        return "ready" if all(part.state == "ok" for part in self.parts) else "degraded"


_checks: dict[str, Check] = {}


def register(name: str, check: Check) -> None:
    """Let `check` tell of the part `name`; a name that is there already is replaced."""
    _checks[name] = check


class Rounds:
    """Makes rounds over all checks when asked, and keeps the last one for a moment."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._pool = concurrent.futures.ThreadPoolExecutor(8, thread_name_prefix="readiness")
        self._running: dict[str, tuple[concurrent.futures.Future[tuple[Finding, float]], float]] = {}
        self._round = threading.Lock()
        self._last: Report | None = None
        self._until = 0.0

    def report(self) -> Report:
        """The last round if it is young, else a new one. While one is being made, others get the last."""
        last = self._last
        if last is not None and time.monotonic() < self._until:
            return last
        if not self._round.acquire(blocking=last is None):
            assert last is not None
            return last
        try:
            if self._last is None or time.monotonic() >= self._until:
                self._last = self._look()
                self._until = time.monotonic() + KEEP_SECONDS
            return self._last
        finally:
            self._round.release()

    def _look(self) -> Report:
        now = time.monotonic()
        for name, check in self._checks.items():
            # One that ended after the last round says what was then, perhaps long ago.
            if name not in self._running or self._running[name][0].done():
                self._running[name] = (self._pool.submit(_timed, check), now)
        concurrent.futures.wait([future for future, _ in self._running.values()], timeout=CHECK_SECONDS)
        parts = [self._part(name) for name in self._checks]
        return Report(tuple(parts))

    def _part(self, name: str) -> Part:
        future, began = self._running[name]
        if not future.done():
            waited = time.monotonic() - began
            finding, seconds = Finding(False, f"It has not answered for {waited:.0f} s."), waited
        else:
            try:
                finding, seconds = future.result()
            except Exception as error:
                finding, seconds = Finding(False, f"{type(error).__name__}: {error}"[:300]), time.monotonic() - began
        state = "ok" if finding.ok else "down"
        return Part(name, state, name in settings.READY_NEEDS, finding.reason, finding.age, round(seconds, 4))


def _timed(check: Check) -> tuple[Finding, float]:
    began = time.monotonic()
    close_old_connections()
    try:
        return check(), time.monotonic() - began
    finally:
        close_old_connections()


rounds = Rounds(_checks)
"""Those of this process."""
