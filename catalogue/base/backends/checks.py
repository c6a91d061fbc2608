"""System checks of what DATABASE_URL and CACHE_URL lead to: whether it answers."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error
from django.db import DatabaseError, connection

from catalogue.base.backends.cache import WAIT_SECONDS

TAG = "backends"


def check_database(app_configs: Any, databases: Any = None, **kwargs: Any) -> list[CheckMessage]:
    """Whether the database answers; asked only where Django's checks may use it (`check --database default`)."""
    if not databases:
        return []
    probe = connection.copy("probe")
    probe.settings_dict["OPTIONS"].pop("pool", None)  # which would try again and again, and not say why
    try:
        probe.ensure_connection()
        probe.close()
    except (DatabaseError, OSError) as error:
        return [
            Error(
                f"The database of DATABASE_URL does not answer: {_first_line(error)}",
                hint="Start it, or set DATABASE_URL to a running database that accepts writes.",
                id="backends.E001",
            )
        ]
    return []


def check_cache(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    """Whether the cache answers, if CACHE_URL names one. A site that runs does without it; a start does not."""
    url = settings.CACHES["default"].get("LOCATION", "")
    if not settings.CACHE_URL:
        return []
    import redis

    try:
        with redis.Redis.from_url(url, socket_timeout=WAIT_SECONDS * 4, socket_connect_timeout=WAIT_SECONDS * 4) as one:
            one.ping()
    except (redis.RedisError, OSError) as error:
        return [
            Error(
                f"The cache of CACHE_URL does not answer: {_first_line(error)}",
                hint="Start Redis or Valkey, or leave CACHE_URL empty: limits then hold within each process.",
                id="backends.E002",
            )
        ]
    return []


def _first_line(error: Exception) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
