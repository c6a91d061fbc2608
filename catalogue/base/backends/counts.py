"""Counts of what clients do, in Django's cache: shared by all processes that share a cache (CACHE_URL)."""

from django.core.cache import cache


def count(key: str, seconds: int) -> int:
    """One more of this key: how many there are now. The count ends so many seconds after its first."""
    cache.add(key, 0, seconds)
    try:
        return cache.incr(key)
    except ValueError:  # it has ended since
        cache.set(key, 1, seconds)
        return 1


def uncount(key: str) -> None:
    """One less of this key."""
    try:
        cache.decr(key)
    except ValueError:
        return
