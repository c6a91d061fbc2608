"""boto3 clients, each made once per process: making one takes tens of milliseconds and is not thread-safe.

Each attempt of a call is a sign of life of a process whose main thread makes it, such as the janitor.
"""

import threading
from typing import Any

import boto3
from botocore.config import Config

from catalogue.processes import heartbeat


class Clients:
    def __init__(self, session: boto3.Session, config: Config, **options: Any) -> None:
        self._session = session
        self._config = config
        self._options = options
        self._made: dict[str, Any] = {}
        self._lock = threading.Lock()

    def __call__(self, service: str) -> Any:
        client = self._made.get(service)
        if client is None:
            with self._lock:
                client = self._made.get(service)
                if client is None:
                    make: Any = self._session.client
                    client = make(service, config=self._config, **self._options)
                    client.meta.events.register("before-send", _beat)
                    self._made[service] = client
        return client


def _beat(**_event: Any) -> None:
    heartbeat.beat()
