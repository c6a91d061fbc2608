"""DATABASE_URL and CACHE_URL: what they lead to, and what a wrong one says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from catalogue.base.backends import addresses
from tests.support.site import ROOT


def test_postgres_is_pooled_and_sqlite_waits_its_turn() -> None:
    postgres = addresses.database("postgres://me:secret@db.example/site", 7)
    assert postgres["OPTIONS"]["pool"]["max_size"] == 7
    assert postgres["CONN_MAX_AGE"] == 0, "Django's pool takes no persistent connections"
    assert "pool" not in addresses.database("postgres://me@db.example/site", 0)["OPTIONS"]
    sqlite = addresses.database("sqlite:////srv/site/db.sqlite3", 7)
    assert (sqlite["NAME"], sqlite["OPTIONS"]["transaction_mode"]) == ("/srv/site/db.sqlite3", "IMMEDIATE")


@pytest.mark.parametrize(
    "url", ["", "foo", "postgres:///", "mysql://h/n", "sqlserver://h/n", "http://h/n", "postgres://h:x/n"]
)
def test_a_wrong_database_is_reported_with_an_id(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"\(backends\.E001\) DATABASE_URL .* Write one like"):
        addresses.database(url, 1)


@pytest.mark.parametrize(
    ("url", "known"),
    [
        ("redis://h:6379/1", "redis://h:6379/1"),
        ("valkey://:pw@h/0", "redis://:pw@h/0"),
        ("valkeys://h", "rediss://h"),
        ("unix:///run/valkey.sock", "unix:///run/valkey.sock"),
    ],
)
def test_redis_and_valkey_are_both_known(url: str, known: str) -> None:
    assert addresses.cache(url)["LOCATION"] == known


@pytest.mark.parametrize(
    "url", ["foo", "redis://", "http://h/0", "redis://h:x/0", "redis://h/name", "unix://", "redis://["]
)
def test_a_wrong_cache_is_reported_with_an_id(url: str) -> None:
    with pytest.raises(ImproperlyConfigured, match=r"\(backends\.E002\) CACHE_URL .* Write one like"):
        addresses.cache(url)


@pytest.mark.parametrize(
    ("setting", "id"),
    [
        ("DATABASE_URL=nonsense", "backends.E001"),
        ("DATABASE_URL=postgres://127.0.0.1:1/nothing", "backends.E001"),
        ("DATABASE_URL=sqlite:////nonexistent/db.sqlite3", "backends.E001"),
        ("CACHE_URL=nonsense", "backends.E002"),
        ("CACHE_URL=redis://127.0.0.1:1/0", "backends.E002"),
    ],
)
def test_the_start_is_refused_with_an_id_and_without_a_traceback(setting: str, id: str, tmp_path: Path) -> None:
    name, _, value = setting.partition("=")
    refused = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "VAR_DIR": str(tmp_path), name: value},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert refused.returncode != 0
    assert f"({id})" in refused.stderr
    assert "Traceback" not in refused.stderr
