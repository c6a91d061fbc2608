"""The shared cache, on a real server: shared, plain JSON, and no 500 while it is away."""

import logging
import time

import pytest
import redis
from django.core.cache.backends.base import BaseCache

from catalogue.base.backends import addresses, cache
from catalogue.base.backends.cache import SharedCache
from tests.support.redis import Server


def of_a_process(server: Server) -> BaseCache:
    entry = addresses.cache(server.url)
    return SharedCache(entry["LOCATION"], {"KEY_PREFIX": entry["KEY_PREFIX"]})


def test_what_one_process_counts_another_sees(redis_server: Server) -> None:
    one, other = of_a_process(redis_server), of_a_process(redis_server)
    assert one.add("tries", 1, 60)
    assert not other.add("tries", 1, 60)
    assert other.incr("tries") == 2
    assert one.get("tries") == 2
    one.set("kept", {"a": [1, 2.5, None, "é"]}, 60)
    assert other.get("kept") == {"a": [1, 2.5, None, "é"]}
    assert other.get_many(["kept", "nothing"]).keys() == {"kept"}
    one.delete("kept")
    assert other.get("kept", "gone") == "gone"


def test_nothing_in_it_is_run_as_code(redis_server: Server) -> None:
    one = of_a_process(redis_server)
    one.set("value", "text", 60)
    with redis.Redis.from_url(redis_server.url) as client:
        (key,) = client.keys("*value")
        assert client.get(key) == b'"text"'


def test_while_it_is_away_limits_hold_in_the_process_and_the_log_has_one_line(
    redis_server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "AWAY_SECONDS", 0.2)
    one = of_a_process(redis_server)
    one.set("before", 1, 60)
    redis_server.stop()
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            one.add("tries", 0, 60)
            one.incr("tries")
            time.sleep(cache.AWAY_SECONDS)  # so that each round asks the server again
        assert one.get("tries") == 3
        redis_server.start()
        time.sleep(cache.AWAY_SECONDS)
        assert one.get("tries") is None, "shared again"
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    assert "does not answer" in caplog.records[0].message
    assert "answers again" in caplog.records[1].message
