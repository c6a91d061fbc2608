"""What is asked of an action on a lab before it begins: that it exists, and that the lab is not busy with others."""

import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol

from catalogue.labs.models import Lab
from catalogue.web.errors import Problem


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


class _Named(Protocol):
    @property
    def id(self) -> str: ...


def find_named[T: _Named](among: Iterable[T], name: str, kind: str, lab: Lab) -> T:
    """The lever, slider or challenge of this lab with this id. Raises Problem (404)."""
    found = next((one for one in among if one.id == name), None)
    if found is None:
        raise Problem(404, f"No such {kind}", f"This lab of {lab.pattern} has no {kind} {name!r}.")
    return found
