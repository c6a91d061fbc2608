"""The labs' threads keep their database connections, and replace those that are broken or old."""

import asyncio
import os
import subprocess
import sys
import threading
from types import SimpleNamespace
from typing import Any, cast

import pytest
from django.db import DatabaseError, OperationalError, connection

from catalogue.labs.lifecycle.support import database
from catalogue.labs.lifecycle.support.database import in_database
from catalogue.labs.models import Lab
from tests.support.postgres import running_cluster
from tests.support.site import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


def used() -> tuple[int, Any]:
    """The thread, and the connection that it has."""
    Lab.objects.count()
    return threading.get_ident(), connection.connection


def test_a_thread_keeps_its_connection() -> None:
    async def scenario() -> set[tuple[int, Any]]:
        return {await in_database(used) for _ in range(30)}

    seen = asyncio.run(scenario())
    assert len(seen) == len({thread for thread, _ in seen})


def test_a_connection_that_an_error_occurred_on_is_replaced() -> None:
    def broken() -> tuple[int, Any]:
        before = used()
        connection.errors_occurred = True
        return before

    async def scenario() -> None:
        before = await in_database(broken)
        seen = {await in_database(used) for _ in range(5)}
        assert before[1] not in {kept for _, kept in seen}

    asyncio.run(scenario())


def test_a_connection_that_was_cut_under_a_call_fails_that_call_alone() -> None:
    def cut() -> None:
        Lab.objects.count()
        connection.connection.close()
        Lab.objects.count()

    async def scenario() -> int:
        with pytest.raises(DatabaseError):
            await in_database(cut)
        return await in_database(Lab.objects.count)

    assert asyncio.run(scenario()) == 0


def test_an_old_connection_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        _, before = await in_database(used)
        monkeypatch.setattr(database, "_OLDEST_SECONDS", -1.0)
        _, after = await in_database(used)
        assert before is not after

    asyncio.run(scenario())


def test_a_failing_call_raises_what_it_raised() -> None:
    def fail() -> None:
        raise OperationalError("away")

    with pytest.raises(OperationalError, match="away"):
        asyncio.run(in_database(fail))


ON_POSTGRES = """
import asyncio, threading, django
django.setup()
from django.db import connection
from catalogue.labs.lifecycle.support import database
from catalogue.labs.lifecycle.support.database import in_database

def backend():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return threading.get_ident(), cursor.fetchone()[0]

def end_all_others():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()")

async def scenario():
    first = {await in_database(backend) for _ in range(50)}
    assert len(first) == len({thread for thread, _ in first}), "one login for each thread"
    await asyncio.to_thread(end_all_others)
    database._IDLE_SECONDS = -1.0
    after = {await in_database(backend) for _ in range(5)}
    assert not {pid for _, pid in first} & {pid for _, pid in after}, "what the server has ended is replaced"
    database._IDLE_SECONDS = 60.0
    await asyncio.to_thread(end_all_others)
    results = [await asyncio.gather(in_database(backend), return_exceptions=True) for _ in range(5)]
    failed = sum(isinstance(result, Exception) for (result,) in results)
    assert failed <= len({thread for thread, _ in after}), "a cut connection fails at most one call of its thread"

asyncio.run(scenario())
print("fine")
"""


def test_on_postgres_a_thread_logs_in_once_and_again_when_the_server_has_ended_its_connection() -> None:
    with running_cluster() as cluster:
        environment = os.environ | {"DATABASE_URL": cluster.database("threads")}
        done = subprocess.run(
            [sys.executable, "-c", ON_POSTGRES],
            cwd=ROOT,
            env=environment | {"DJANGO_SETTINGS_MODULE": "catalogue.settings"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.stdout == "fine\n", done.stderr


def test_a_new_connection_does_not_have_the_age_of_the_one_whose_place_in_memory_it_takes() -> None:
    wrapper = SimpleNamespace(alias="of-this-test", connection=object())
    first = database._opened_at(cast("Any", wrapper))
    wrapper.connection = None
    wrapper.connection = object()
    assert database._opened_at(cast("Any", wrapper)) > first
