"""Django's cache in Redis or Valkey, which does without it while it is away.

What is kept there are limits. A limit that cannot be shared is still kept within each process: the site serves on.
"""

import json
import logging
import threading
import time
from typing import Any

from django.core.cache.backends.base import BaseCache
from django.core.cache.backends.locmem import LocMemCache
from django.core.cache.backends.redis import RedisCache

from catalogue.base.backends.addresses import COUNTS_KEPT

logger = logging.getLogger(__name__)

WAIT_SECONDS = 0.5
"""For an answer. The server is near, and no one should wait longer for a limit."""
AWAY_SECONDS = 5.0
"""For so long nothing is asked of a cache that did not answer."""
_CALLS = ("add", "get", "set", "touch", "delete", "get_many", "has_key", "incr", "set_many", "delete_many", "clear")


class JsonSerializer:
    """Values as JSON. Django's own serializer would run what someone wrote into the cache."""

    def dumps(self, value: Any) -> Any:
        return value if type(value) is int else json.dumps(value)

    def loads(self, data: Any) -> Any:
        return json.loads(data)


class Away:
    """Whether the cache is away. It is asked again every few seconds; its going and coming are one log line each."""

    def __init__(self) -> None:
        self._until = 0.0
        self._lock = threading.Lock()
        self._away = False

    def now(self) -> bool:
        """Whether it need not be asked now."""
        return time.monotonic() < self._until

    def failed(self, error: Exception) -> None:
        with self._lock:
            self._until = time.monotonic() + AWAY_SECONDS
            if not self._away:
                logger.warning("The cache does not answer (%s): limits hold within each process until it does", error)
            self._away = True

    def answered(self) -> None:
        if self._away:
            with self._lock:
                if self._away:
                    logger.warning("The cache answers again: limits are shared")
                self._away = False


away = Away()
"""One for the process: there is one cache."""


class SharedCache(BaseCache):
    """CACHES' backend for CACHE_URL; LOCATION is an address for redis-py. Never raises for want of the server."""

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = {
            "serializer": JsonSerializer(),
            "socket_timeout": WAIT_SECONDS,
            "socket_connect_timeout": WAIT_SECONDS,
            "health_check_interval": 30,
        }
        self._shared = RedisCache(location, {**params, "OPTIONS": options | params.get("OPTIONS", {})})
        self._own = LocMemCache("without-shared-cache", {**params, "OPTIONS": {"MAX_ENTRIES": COUNTS_KEPT}})

    def _call(self, name: str, *args: Any, **kwargs: Any) -> Any:
        import redis

        if not away.now():
            try:
                answer = getattr(self._shared, name)(*args, **kwargs)
            except (redis.RedisError, OSError) as error:
                away.failed(error)
            else:
                away.answered()
                return answer
        return getattr(self._own, name)(*args, **kwargs)


def _forwarded(name: str) -> Any:
    def call(self: SharedCache, *args: Any, **kwargs: Any) -> Any:
        return self._call(name, *args, **kwargs)

    call.__name__ = name
    return call


for _name in _CALLS:
    setattr(SharedCache, _name, _forwarded(_name))
