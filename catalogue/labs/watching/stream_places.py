"""How many event streams watch a lab, counted for all processes and machines through CACHE_URL.

A stream holds a lease, which its process renews while the stream is open and gives back at its end. The leases of a
process that has died end by themselves. Without CACHE_URL, and while the cache is away, the limits of each process
(`feed.require_room`) are all.
"""

import asyncio
import contextlib
import secrets
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from django.conf import settings

from catalogue.base.backends import cache
from catalogue.labs.watching.feed import TooManyStreams, too_many_of_a_lab

LEASE_SECONDS = 30.0
RENEW_SECONDS = 10.0

_TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.3f', now + ARGV[2]), ARGV[3])
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[2]) + 1)
return 1
"""
"""KEYS: the lab's leases, scored by their end. ARGV: how many there may be, seconds of a lease, the new one's name.
The clock is the server's: machines' own differ."""
_RENEW = """
local now = redis.call('TIME')
redis.call('ZADD', KEYS[1], string.format('%.3f', now[1] + now[2] / 1000000 + ARGV[1]), ARGV[2])
redis.call('EXPIRE', KEYS[1], math.ceil(ARGV[1]) + 1)
"""


class StreamPlaces:
    """The leases of one event loop."""

    def __init__(self, url: str) -> None:
        import redis.asyncio

        self._redis = redis.asyncio.Redis.from_url(
            url, socket_timeout=cache.WAIT_SECONDS, socket_connect_timeout=cache.WAIT_SECONDS
        )
        self._take: Any = self._redis.register_script(_TAKE)
        self._renew: Any = self._redis.register_script(_RENEW)
        self._held: dict[str, str] = {}
        self._renewing: asyncio.Task[None] | None = None

    async def take(self, lab_id: str) -> str:
        """A lease for one stream, by name; empty while the cache is away. Raises TooManyStreams."""
        name = secrets.token_hex(8)
        arguments = [settings.LABS_STREAMS_PER_LAB, LEASE_SECONDS, name]
        granted = await self._ask(self._take(keys=[_key(lab_id)], args=arguments))
        if granted == 0:
            raise TooManyStreams(too_many_of_a_lab())
        return name if granted else ""

    @asynccontextmanager
    async def held(self, lab_id: str, name: str) -> AsyncIterator[None]:
        """Keep a lease for the length of the block, and give it back at its end."""
        if not name:
            yield
            return
        self._held[name] = lab_id
        if self._renewing is None:
            self._renewing = asyncio.create_task(self._keep_renewing())
        try:
            yield
        finally:
            del self._held[name]
            await self.give_back(lab_id, name)
            if not self._held and self._renewing is not None:
                self._renewing.cancel()
                self._renewing = None
                await self._redis.aclose()  # it connects again when it is needed

    async def give_back(self, lab_id: str, name: str) -> None:
        if name:
            await self._ask(self._redis.zrem(_key(lab_id), name))

    async def _keep_renewing(self) -> None:
        while True:
            await asyncio.sleep(RENEW_SECONDS)
            for name, lab_id in list(self._held.items()):
                await self._ask(self._renew(keys=[_key(lab_id)], args=[LEASE_SECONDS, name]))

    async def _ask(self, asked: Any) -> Any:
        """The cache's answer; None while it is away."""
        import redis

        if cache.away.now():
            with contextlib.suppress(AttributeError):
                asked.close()
            return None
        try:
            answer = await asked
        except (redis.RedisError, OSError) as error:
            cache.away.failed(error)
            return None
        cache.away.answered()
        return answer


def _key(lab_id: str) -> str:
    return f"patterns:streams:{lab_id}"


_places: "weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, StreamPlaces]" = weakref.WeakKeyDictionary()


def running_places() -> StreamPlaces | None:
    """Those of the running event loop; None where they are not shared."""
    if not settings.CACHE_URL:
        return None
    loop = asyncio.get_running_loop()
    if loop not in _places:
        _places[loop] = StreamPlaces(settings.CACHES["default"]["LOCATION"])
    return _places[loop]
