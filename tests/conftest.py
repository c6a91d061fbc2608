"""What the whole test run shares: one embedded AWS, and a database that many threads can use."""

import functools
import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import botocore.session
import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from catalogue.labs.embedded import process
from catalogue.labs.embedded.process import Emulator
from tests.support.distribution import Units, order_of

# How long an example takes says nothing of the code on a machine that is busy with the rest of the suite.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")

# A new boto3 session reads the descriptions of its services again. Hundreds of tests make one; these share a reader.
botocore.session.create_loader = functools.cache(botocore.session.create_loader)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Units:
    return Units(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: order_of(item.nodeid))


def pytest_collection_finish() -> None:
    """What collection has made stays to the end, and need not be looked over for garbage each time.

    A look stops everything in the process, also servers that tests run in threads: for 1.6 s at the longest, 2.4 s with
    it. So a client of such a server that is not about timeouts has none so short.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[None]:
    """Django's own way of keeping a password takes half a second by design: that is not what is tested here."""
    from django.test import override_settings

    quick = ["django.contrib.auth.hashers.MD5PasswordHasher", "django.contrib.auth.hashers.PBKDF2PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=quick):
        yield


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """SQLite in a file, as on the site: an in-memory database cannot be written by several threads."""
    from django.conf import settings

    database: Any = settings.DATABASES["default"]
    if database["ENGINE"] == "django.db.backends.sqlite3":
        file: Path = tmp_path_factory.mktemp("database") / "test.sqlite3"
        database.setdefault("TEST", {})["NAME"] = str(file)


def on_real_aws() -> bool:
    return os.environ.get("RUN_ON_AWS") == "1" and os.environ.get("LABS_TARGET") == "aws"


@pytest.fixture(scope="session")
def emulator() -> Iterator[Emulator]:
    """The embedded AWS of this test run, started when first asked for; EMBEDDED_AWS_URL leads to it.

    With RUN_ON_AWS=1 and LABS_TARGET=aws none is started: what asks for it deploys on the real account.
    """
    if on_real_aws():
        yield cast("Emulator", None)
        return
    with process.running() as started:
        before = os.environ.get("EMBEDDED_AWS_URL")
        os.environ["EMBEDDED_AWS_URL"] = started.url
        try:
            yield started
        finally:
            if before is None:
                del os.environ["EMBEDDED_AWS_URL"]
            else:
                os.environ["EMBEDDED_AWS_URL"] = before
