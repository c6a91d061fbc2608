"""Where a lab's endpoint leads: looked up in the database rarely, from memory otherwise."""

import time
from collections import Counter, OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings

from catalogue.base.backends import faults
from catalogue.labs.lifecycle.services import out_of_reach, refresh_lab
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import Door, Target

_KEEP_READY_SECONDS = 1.0
_KEEP_OTHER_SECONDS = 0.2
_KEPT_ROUTES = 4096


@dataclass
class Route:
    """What the edge knows of one lab."""

    lab_id: str
    status: str
    reason: str
    upstream: str
    boot_id: str
    boot_header: str | None
    until: float
    """When to look again, on the monotonic clock."""
    out_of_reach: bool = False
    """Whether it lies on another instance's emulator, which does not answer from here."""
    sockets: str = ""
    """Address of its WebSocket API; empty where it has none."""
    doors: tuple[Door, ...] = ()
    """Where the lab takes presigned requests."""
    target: Target | None = None
    """What holds it; needed for its doors."""


class Routes:
    """The labs that this process has lately been asked for; the least recently used are forgotten."""

    def __init__(self) -> None:
        self._routes: OrderedDict[str, Route | None] = OrderedDict()
        self._unknown_until: dict[str, float] = {}
        self._under_way: Counter[str] = Counter()

    async def find(self, lab_id: str) -> Route | None:
        """The lab's route, or None if there is no such lab.

        While storage is away a route that is known stays as it was: its lab's emulator still answers. Raises the fault
        for a lab that is not known here.
        """
        now = time.monotonic()
        if lab_id in self._routes:
            route = self._routes[lab_id]
            if now < (route.until if route else self._unknown_until[lab_id]):
                self._routes.move_to_end(lab_id)
                return route
        try:
            route = await in_database(_look_up, lab_id)
        except Exception as error:
            known = self._routes.get(lab_id)
            if known is None or not faults.is_storage_fault(error):
                raise
            faults.faults.note(error, "looking up a lab that was called")
            known.until = time.monotonic() + faults.RETRY_SECONDS
            return known
        self._keep(lab_id, route)
        return route

    def forget(self, lab_id: str) -> None:
        self._routes.pop(lab_id, None)
        self._unknown_until.pop(lab_id, None)

    def _keep(self, lab_id: str, route: Route | None) -> None:
        self._routes[lab_id] = route
        self._routes.move_to_end(lab_id)
        if route is None:
            self._unknown_until[lab_id] = time.monotonic() + _KEEP_OTHER_SECONDS
        while len(self._routes) > _KEPT_ROUTES:
            self.forget(next(iter(self._routes)))

    @contextmanager
    def under_way(self, lab_id: str) -> Iterator[bool]:
        """Count a request as being under way for the length of the block; False if as many are as may be."""
        if self._under_way[lab_id] >= settings.LABS_REQUESTS_AT_ONCE:
            yield False
            return
        self._under_way[lab_id] += 1
        try:
            yield True
        finally:
            self._under_way[lab_id] -= 1
            if not self._under_way[lab_id]:
                del self._under_way[lab_id]


def _look_up(lab_id: str) -> Route | None:
    lab = Lab.objects.filter(pk=lab_id).first()
    if lab is None:
        return None
    lab = refresh_lab(lab)
    keep = _KEEP_READY_SECONDS if lab.status == Status.READY else _KEEP_OTHER_SECONDS
    target = target_of(lab)
    return Route(
        lab_id=lab.pk,
        status=lab.status,
        reason=lab.reason,
        upstream=lab.upstream,
        boot_id=lab.boot_id,
        boot_header=target.boot_header,
        out_of_reach=out_of_reach(lab),
        sockets=lab.socket_upstream,
        until=time.monotonic() + keep,
        doors=target.doors(resources_of(lab)) if lab.status == Status.READY else (),
        target=target,
    )
