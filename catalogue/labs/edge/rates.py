"""How fast each lab may be called: by one process alone, or shared by all processes and machines through CACHE_URL.

Shared, a process takes leases of some requests from the lab's bucket and spends them by itself. So most requests, and
those that are refused, need no round trip to the cache, and all processes together let no more through than the bucket
holds.
"""

import asyncio
import math
import time
from collections import OrderedDict
from typing import Any, Protocol

from django.conf import settings

from catalogue.base.backends import cache
from catalogue.labs.lifecycle.limits import TokenBucket

_KEPT = 4096
_LEASES_A_BURST = 10
"""A lease is so small a part of a burst that several processes can have theirs."""
_LEASE_SECONDS = 1.0
"""What is left of a lease after that goes back to the bucket with the next question."""

_TAKE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local rate, burst, wanted, unspent = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = redis.call('HMGET', KEYS[1], 'tokens', 'at')
local tokens, at = tonumber(kept[1]) or burst, tonumber(kept[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate + unspent)
local granted = math.min(wanted, math.floor(tokens))
tokens = tokens - granted
redis.call('HSET', KEYS[1], 'tokens', tostring(tokens), 'at', string.format('%.6f', now))
redis.call('EXPIRE', KEYS[1], math.ceil(burst / rate) + 1)
return {granted, tostring((1 - tokens) / rate)}
"""
"""KEYS: the bucket. ARGV: tokens a second, tokens at most, tokens wanted, tokens of an old lease that come back. Gives
how many are granted, and the seconds until there is one more. The clock is the server's: machines' own differ."""


class Rate(Protocol):
    async def take(self, lab_id: str) -> float:
        """0 if a request to this lab may pass now, else the seconds until one may."""

    async def close(self) -> None:
        """Give back connections."""


def rate() -> Rate:
    """Of this process: shared if CACHE_URL is set."""
    return SharedRate(settings.CACHES["default"]["LOCATION"]) if settings.CACHE_URL else OwnRate()


class OwnRate:
    """Buckets of this process; the least recently used are forgotten."""

    def __init__(self) -> None:
        self._buckets: OrderedDict[str, TokenBucket] = OrderedDict()

    async def take(self, lab_id: str) -> float:
        bucket = self._buckets.get(lab_id)
        if bucket is None:
            bucket = self._buckets[lab_id] = TokenBucket(settings.LABS_REQUESTS_PER_SECOND, settings.LABS_BURST)
            if len(self._buckets) > _KEPT:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(lab_id)
        return bucket.take()

    async def close(self) -> None:
        """Nothing is open."""


class _Lease:
    """What this process may let through by itself, or until when it must not ask."""

    __slots__ = ("asking", "full_until", "left", "until")

    def __init__(self) -> None:
        self.left = 0
        self.until = 0.0
        self.full_until = 0.0
        self.asking = asyncio.Lock()


class SharedRate:
    """Leases of buckets in Redis or Valkey, for one event loop. While it is away this process counts for itself."""

    def __init__(self, url: str) -> None:
        import redis.asyncio

        self._redis = redis.asyncio.Redis.from_url(
            url, socket_timeout=cache.WAIT_SECONDS, socket_connect_timeout=cache.WAIT_SECONDS
        )
        self._script: Any = self._redis.register_script(_TAKE)
        self._leases: OrderedDict[str, _Lease] = OrderedDict()
        self._own = OwnRate()

    async def take(self, lab_id: str) -> float:
        lease = self._leases.get(lab_id)
        if lease is None:
            lease = self._leases[lab_id] = _Lease()
            if len(self._leases) > _KEPT:
                self._leases.popitem(last=False)
        self._leases.move_to_end(lab_id)
        wait = self._spend(lease)
        if wait is not None:
            return wait
        async with lease.asking:  # one asks for all that wait
            wait = self._spend(lease)
            if wait is not None:
                return wait
            if cache.away.now() or not await self._renew(lab_id, lease):
                return await self._own.take(lab_id)
            if lease.left:
                lease.left -= 1
                return 0.0
            return max(0.001, lease.full_until - time.monotonic())

    @staticmethod
    def _spend(lease: _Lease) -> float | None:
        """0 if the lease covers a request, the seconds until it is worth asking, None if it must be asked now."""
        now = time.monotonic()
        if lease.left > 0 and now < lease.until:
            lease.left -= 1
            return 0.0
        return lease.full_until - now if now < lease.full_until else None

    async def _renew(self, lab_id: str, lease: _Lease) -> bool:
        """Ask for the next lease. False if the cache does not answer."""
        import redis

        per_second, burst = settings.LABS_REQUESTS_PER_SECOND, settings.LABS_BURST
        wanted = max(1, math.ceil(burst / _LEASES_A_BURST))
        try:
            asked = [per_second, burst, wanted, lease.left]
            granted, wait = await self._script(keys=[f"patterns:rate:{lab_id}"], args=asked)
        except (redis.RedisError, OSError) as error:
            cache.away.failed(error)
            return False
        cache.away.answered()
        now = time.monotonic()
        lease.left, lease.until = int(granted), now + _LEASE_SECONDS
        lease.full_until = 0.0 if granted else now + float(wait)
        return True

    async def close(self) -> None:
        await self._redis.aclose()
