"""How many WebSockets are open: of each lab, of each client, and in all. Counted in each web process."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from catalogue.labs.edge.refusing import Refusal, too_many
from catalogue.observability.prometheus.metrics import limit_hit

_RETRY_SECONDS = 5


class Places:
    """Of one event loop."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._open = 0
        self._of_labs: Counter[str] = Counter()
        self._of_clients: Counter[str] = Counter()

    @property
    def open(self) -> int:
        return self._open

    @contextmanager
    def taken(self, lab_id: str, client: str | None) -> Iterator[None]:
        """Hold a place for the length of the block. Raises Refusal past a limit. `client` None counts for no client."""
        self._admit(lab_id, client)
        self._open += 1
        self._of_labs[lab_id] += 1
        if client is not None:
            self._of_clients[client] += 1
        try:
            yield
        finally:
            self._open -= 1
            _less(self._of_labs, lab_id)
            if client is not None:
                _less(self._of_clients, client)

    def _admit(self, lab_id: str, client: str | None) -> None:
        if self._of_labs[lab_id] >= settings.LABS_SOCKETS_PER_LAB:
            limit_hit("sockets_per_lab")
            raise too_many(f"This lab has {settings.LABS_SOCKETS_PER_LAB} open WebSockets, the most.", _RETRY_SECONDS)
        if client is not None and self._of_clients[client] >= settings.LABS_SOCKETS_PER_ADDRESS:
            limit_hit("sockets_per_address")
            most = settings.LABS_SOCKETS_PER_ADDRESS
            raise too_many(f"Your address has {most} open WebSockets, the most.", _RETRY_SECONDS)
        if self._open >= self._most:
            limit_hit("sockets")
            raise Refusal(
                503,
                "Too many WebSockets",
                "This server has as many open WebSockets as it can hold.",
                Retry_After=str(_RETRY_SECONDS),
            )


def _less(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if counter[key] <= 0:
        del counter[key]
