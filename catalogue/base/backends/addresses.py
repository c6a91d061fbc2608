"""DATABASE_URL and CACHE_URL as Django's DATABASES and CACHES. Needs no settings: `catalogue.settings` calls it."""

import re
from typing import Any
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

SQLITE_WAIT_SECONDS = 10
"""For another process's transaction to end."""
POOL_WAIT_SECONDS = 3.0
"""For a connection. The pool's own attempts are given up after as long: it makes longer and longer pauses between them
(psycopg_pool doubles them for five minutes), and would come back that much later than the server does."""
CONNECT_SECONDS = 3
COUNTS_KEPT = 50_000
"""Entries of a process's own cache, some 300 bytes each. Of Django's default, 300, a stranger with a few dozen
addresses could push out the count of failed logins that holds them up."""
_CACHE_SCHEMES = {"redis": "redis", "rediss": "rediss", "valkey": "redis", "valkeys": "rediss", "unix": "unix"}


def database(url: str, pool: int) -> dict[str, Any]:
    """One entry of DATABASES: SQLite, or Postgres with a pool of at most `pool` connections in each process.

    Raises ImproperlyConfigured for every other database, and for what is no address.
    """
    remedy = "Write one like postgres://user:password@host/name or sqlite:////srv/site/db.sqlite3."
    try:
        parsed: dict[str, Any] = dict(dj_database_url.parse(url, conn_health_checks=True))
    except (ValueError, KeyError) as error:
        raise ImproperlyConfigured(f"(backends.E001) DATABASE_URL cannot be read: {_brief(error)} {remedy}") from None
    options = parsed.setdefault("OPTIONS", {})
    match parsed["ENGINE"]:
        case "django.db.backends.sqlite3":
            options |= {
                "transaction_mode": "IMMEDIATE",
                "timeout": SQLITE_WAIT_SECONDS,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
            }
        case "django.db.backends.postgresql":
            if not parsed["NAME"]:
                raise ImproperlyConfigured(f"(backends.E001) DATABASE_URL has no database. {remedy}")
            options.setdefault("connect_timeout", CONNECT_SECONDS)
            if pool:
                # None is opened before it is needed: every management command is a process too.
                options["pool"] = {
                    "min_size": 0,
                    "max_size": pool,
                    "timeout": POOL_WAIT_SECONDS,
                    "reconnect_timeout": POOL_WAIT_SECONDS,
                }
        case engine:
            name = engine.rsplit(".", 1)[-1]
            raise ImproperlyConfigured(f"(backends.E001) DATABASE_URL has {name}, which is not supported. {remedy}")
    return parsed


def cache(url: str) -> dict[str, Any]:
    """One entry of CACHES: Redis or Valkey at this address, or this process's memory if there is none.

    Raises ImproperlyConfigured for what is no address.
    """
    if not url:
        return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "OPTIONS": {"MAX_ENTRIES": COUNTS_KEPT}}
    return {
        "BACKEND": "catalogue.base.backends.cache.SharedCache",
        "LOCATION": redis_url(url),
        "KEY_PREFIX": "patterns",
    }


def redis_url(url: str) -> str:
    """The address as redis-py takes it. Raises ImproperlyConfigured."""
    try:
        parts = urlsplit(url)
        scheme = _CACHE_SCHEMES[parts.scheme]
        usable = parts.path.startswith("/") if scheme == "unix" else bool(parts.hostname)
        _ = parts.port  # ValueError unless it is a number of a port
        if scheme != "unix":
            usable = usable and bool(re.fullmatch(r"(/\d*)?", parts.path))
    except (ValueError, KeyError):
        usable = False
    if not usable:
        raise ImproperlyConfigured(
            "(backends.E002) CACHE_URL cannot be read. Write one like redis://:password@host:6379/0, "
            "valkey://host:6379/0 or unix:///run/valkey.sock, or leave it empty for limits within each process."
        )
    return scheme + url.removeprefix(parts.scheme)


def _brief(error: Exception) -> str:
    """The first sentence, without the list of all schemes there are."""
    return str(error).split(". ")[0].strip("'\"") + "."
