"""A real Redis for the tests of what is shared through it."""

from collections.abc import Iterator

import pytest

from catalogue.base.backends import cache
from tests.support.redis import Server, running_redis


@pytest.fixture(scope="module")
def redis_server() -> Iterator[Server]:
    with running_redis() as server:
        yield server


@pytest.fixture(autouse=True)
def known_to_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What another test found out of its server says nothing of this one's, and a busy machine's server is not away."""
    monkeypatch.setattr(cache, "away", cache.Away())
    monkeypatch.setattr(cache, "WAIT_SECONDS", 30.0)
