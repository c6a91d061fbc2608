"""What a request to the labs asks for: which lab, with which fields, and whether it may. Each answer or a Problem."""

import json
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from django.http import HttpRequest

from catalogue.labs.lifecycle import ownership, services
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets.base import OUT_OF_REACH
from catalogue.web.errors import Problem


def fields(request: HttpRequest) -> Mapping[str, Any]:
    """The body's members, of JSON or of a form. Raises Problem (400, 415)."""
    if request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data", ""):
        return request.POST.dict()
    if request.content_type != "application/json":
        raise Problem(415, detail="Send JSON or a form.", headers={"Accept": "application/json"})
    if not request.body:
        return {}
    try:
        fields = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Problem(400, "Not JSON", "The body is not valid JSON.") from None
    if not isinstance(fields, dict):
        raise Problem(400, "Not an object", "The body must be a JSON object.")
    return fields


def find_lab(lab_id: str) -> Lab:
    """The lab of this id. Raises Problem (404)."""
    lab = Lab.objects.filter(pk=lab_id).first()
    if lab is None:
        raise Problem(
            404, "No such lab", "This address belongs to no lab, or its lab was deleted. Run a pattern again."
        )
    return lab


def ready_lab(request: HttpRequest, lab_id: str) -> Lab:
    """A lab that its owner may act upon now.

    Raises Problem: 403 for others, 409 while deploying, 410 when over, 503 while another machine holds it that cannot
    be reached from here.
    """
    lab = find_lab(lab_id)
    ownership.require_owner(request, lab)
    lab = services.refresh_lab(lab)
    require_live(lab)
    if services.out_of_reach(lab):
        raise Problem(503, "The lab cannot be reached from here", OUT_OF_REACH, headers={"Retry-After": "5"})
    return lab


def require_live(lab: Lab) -> None:
    """Raises Problem: 409 while the lab is deploying, 410 when it is over."""
    if lab.status == Status.DEPLOYING:
        raise Problem(409, "Still deploying", "The lab's stack is being created.", headers={"Retry-After": "1"})
    if lab.status != Status.READY:
        raise Problem(410, "This lab is gone", lab.reason)


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def find_named[T: _Named](among: Iterable[T], name: str, kind: str, lab: Lab) -> T:
    """The lever, slider or challenge of this lab with this id. Raises Problem (404)."""
    found = next((one for one in among if one.id == name), None)
    if found is None:
        raise Problem(404, f"No such {kind}", f"This lab of {lab.pattern} has no {kind} {name!r}.")
    return found


class AtOnce:
    """A limit for one kind of action: so many at the same time on one lab, in this process. Further ones get 429."""

    def __init__(self, most: int, title: str, detail: str, retry_after: int = 2) -> None:
        """`title` and `detail` are the refusal's words; `retry_after` is in seconds."""
        self.most = most
        self._words = title, detail
        self._retry_after = str(retry_after)
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()  # views that are no coroutines run in several threads

    @contextmanager
    def one_of(self, lab_id: str) -> Iterator[None]:
        """Hold one of the lab's places. Raises Problem (429) if none is free."""
        title, detail = self._words
        with self._lock:
            if self._under_way[lab_id] >= self.most:
                raise Problem(429, title, detail, headers={"Retry-After": self._retry_after})
            self._under_way[lab_id] += 1
        try:
            yield
        finally:
            with self._lock:
                self._under_way[lab_id] -= 1
                if not self._under_way[lab_id]:
                    del self._under_way[lab_id]
