"""The stage cache by itself: which methods are cached, what makes a key, how long, and who may invalidate."""

import asyncio
from typing import Any

import pytest

from catalogue.labs.embedded.gateway.stage_cache import (
    IGNORED,
    MOST_BYTES,
    MOST_ENTRIES,
    Answer,
    Settings,
    StageCache,
    answer_through,
    asks_for_fresh,
    flushed_stage,
    key_values,
    settings_of,
    with_one_spelling,
)

PRODUCT = "/products/{id}"
CACHED: dict[str, Any] = {
    "cachingEnabled": True,
    "cacheTtlInSeconds": 8,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


class Backend:
    """Renders a new body each time it is asked."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.times = 0

    async def render(self) -> Answer:
        self.times += 1
        return self.status, {"Content-Type": "text/plain"}, f"rendering {self.times}".encode()


def stage(**method_settings: dict[str, Any]) -> dict[str, Any]:
    return {"cacheClusterEnabled": True, "methodSettings": method_settings}


def ask(cache: StageCache, backend: Backend, *, key: str = "mug", settings: Settings, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer: Answer = asyncio.run(answer_through(cache, settings, (key,), named, backend.render))
    return answer


ANONYMOUS_IGNORED = Settings(8, anyone_may_invalidate=False, strategy="SUCCEED_WITH_RESPONSE_HEADER")
OPEN = Settings(8, anyone_may_invalidate=True, strategy="SUCCEED_WITH_RESPONSE_HEADER")


class TestSettings:
    @pytest.mark.parametrize("key", ["~1products~1{id}/GET", "/~1products~1{id}/GET", "/products/{id}/GET"])
    def test_a_methods_key_is_read_in_every_spelling(self, key: str) -> None:
        found = settings_of(stage(**{key: CACHED}), PRODUCT, "GET")
        assert found == Settings(8, anyone_may_invalidate=False, strategy="SUCCEED_WITH_RESPONSE_HEADER")

    def test_nothing_is_cached_without_a_cluster(self) -> None:
        assert settings_of({"methodSettings": {"*/*": CACHED}}, PRODUCT, "GET") is None

    def test_a_cluster_alone_caches_nothing(self) -> None:
        assert settings_of(stage(), PRODUCT, "GET") is None

    def test_stage_wide_caching_is_for_get_only(self) -> None:
        assert settings_of(stage(**{"*/*": CACHED}), PRODUCT, "GET") is not None
        assert settings_of(stage(**{"*/*": CACHED}), PRODUCT, "POST") is None

    def test_a_methods_own_entry_overrides_the_stages(self) -> None:
        off = {**CACHED, "cachingEnabled": False}
        assert settings_of(stage(**{"*/*": CACHED, "~1products~1{id}/GET": off}), PRODUCT, "GET") is None

    def test_a_time_to_live_of_zero_is_no_caching(self) -> None:
        assert settings_of(stage(**{"*/*": {**CACHED, "cacheTtlInSeconds": 0}}), PRODUCT, "GET") is None

    def test_a_method_has_one_entry_in_which_every_value_may_be_set(self) -> None:
        written = {"/~1products~1{id}/GET": dict(CACHED), "*/*": {"throttlingBurstLimit": 5}}
        found = with_one_spelling(written)
        assert found == {"/products/{id}/GET": CACHED, "*/*": {"throttlingBurstLimit": 5}}
        found["/products/{id}/GET"]["cacheTtlInSeconds"] = 300
        settled = settings_of(stage(**with_one_spelling(found)), PRODUCT, "GET")
        assert settled is not None
        assert settled.seconds == 300


class TestKey:
    def test_only_the_named_parameters_count_wherever_they_are(self) -> None:
        values = key_values(
            [
                "method.request.path.id",
                "method.request.querystring.currency",
                "method.request.header.X-Group",
            ],
            {"id": "mug"},
            {"currency": ["EUR"], "utm_source": ["mail"]},
            {"x-group": "trade", "accept": "*/*"},
        )
        assert values == ("mug", ("EUR",), "trade")

    def test_a_missing_parameter_is_a_value_of_its_own(self) -> None:
        parameters = ["method.request.querystring.currency"]
        assert key_values(parameters, {}, {}, {}) != key_values(parameters, {}, {"currency": [""]}, {})

    def test_a_hit_is_the_same_answer_and_another_key_is_rendered(self) -> None:
        cache, backend = StageCache(Clock()), Backend()
        first = ask(cache, backend, settings=OPEN)
        assert ask(cache, backend, settings=OPEN) == first
        assert ask(cache, backend, key="bowl", settings=OPEN) != first
        assert backend.times == 2


class TestTime:
    def test_an_entry_lives_for_its_ttl_and_not_longer(self) -> None:
        clock, backend = Clock(), Backend()
        cache = StageCache(clock)
        ask(cache, backend, settings=OPEN)
        clock.seconds += 7.9
        ask(cache, backend, settings=OPEN)
        assert backend.times == 1
        clock.seconds += 0.1
        ask(cache, backend, settings=OPEN)
        assert backend.times == 2

    def test_the_oldest_entries_make_room(self) -> None:
        cache = StageCache(Clock())
        for number in range(MOST_ENTRIES + 1):
            cache.put((number,), (200, {}, b""), 60)
        assert cache.get((0,)) is None
        assert cache.get((MOST_ENTRIES,)) is not None


class TestWhatIsKept:
    @pytest.mark.parametrize("status", [200, 404, 429])
    def test_whatever_the_function_answered_is_kept(self, status: int) -> None:
        cache, backend = StageCache(Clock()), Backend(status)
        ask(cache, backend, settings=OPEN)
        assert ask(cache, backend, settings=OPEN)[0] == status
        assert backend.times == 1

    def test_a_failed_function_is_asked_again(self) -> None:
        cache, backend = StageCache(Clock()), Backend(502)
        ask(cache, backend, settings=OPEN)
        ask(cache, backend, settings=OPEN)
        assert backend.times == 2

    def test_the_gateways_word_that_nothing_could_run_is_not_kept(self) -> None:
        cache = StageCache(Clock())
        cache.put(("mug",), (500, {"x-amzn-ErrorType": "InternalServerErrorException"}, b""), 60)
        assert cache.get(("mug",)) is None

    def test_an_answer_over_the_limit_is_not_kept(self) -> None:
        cache = StageCache(Clock())
        cache.put(("large",), (200, {}, b"x" * (MOST_BYTES + 1)), 60)
        assert cache.get(("large",)) is None

    def test_a_hit_cannot_be_spoiled_by_a_caller_that_changes_it(self) -> None:
        cache = StageCache(Clock())
        cache.put(("mug",), (200, {"A": "1"}, b""), 60)
        spoiled = cache.get(("mug",))
        assert spoiled is not None
        spoiled[1]["A"] = "2"
        assert cache.get(("mug",)) == (200, {"A": "1"}, b"")


class TestInvalidation:
    @pytest.mark.parametrize(
        ("value", "fresh"),
        [("max-age=0", True), ("no-transform, Max-Age=0", True), ("no-cache", False), ("max-age=01", False)],
    )
    def test_only_max_age_0_asks_for_a_fresh_answer(self, value: str, fresh: bool) -> None:
        assert asks_for_fresh({"cache-control": value}) is fresh

    def test_where_anyone_may_the_entry_is_replaced(self) -> None:
        cache, backend = StageCache(Clock()), Backend()
        ask(cache, backend, settings=OPEN)
        fresh = ask(cache, backend, settings=OPEN, Cache_Control="max-age=0")
        assert fresh[2] == b"rendering 2"
        assert ask(cache, backend, settings=OPEN) == fresh

    def test_an_unauthorized_callers_wish_is_ignored_with_a_warning(self) -> None:
        cache, backend = StageCache(Clock()), Backend()
        kept = ask(cache, backend, settings=ANONYMOUS_IGNORED)
        answer = ask(cache, backend, settings=ANONYMOUS_IGNORED, Cache_Control="max-age=0")
        assert answer[2] == kept[2]
        assert answer[1]["Warning"] == IGNORED
        assert "Warning" not in ask(cache, backend, settings=ANONYMOUS_IGNORED)[1]

    def test_it_is_ignored_silently_if_the_stage_says_so(self) -> None:
        silent = Settings(8, anyone_may_invalidate=False, strategy="SUCCEED_WITHOUT_RESPONSE_HEADER")
        answer = ask(StageCache(Clock()), Backend(), settings=silent, Cache_Control="max-age=0")
        assert (answer[0], "Warning" in answer[1]) == (200, False)

    def test_it_is_refused_if_the_stage_says_so(self) -> None:
        strict = Settings(8, anyone_may_invalidate=False, strategy="FAIL_WITH_403")
        backend = Backend()
        answer = ask(StageCache(Clock()), backend, settings=strict, Cache_Control="max-age=0")
        assert (answer[0], backend.times) == (403, 0)


def test_a_flush_empties_one_stage_and_no_other() -> None:
    cache = StageCache()
    answer: Answer = (200, {}, b"a")
    cache.put(("api", "live", "key"), answer, 60)
    cache.put(("api", "test", "key"), answer, 60)
    cache.flush("api", "live")
    assert cache.get(("api", "live", "key")) is None
    assert cache.get(("api", "test", "key")) == answer


def test_a_flush_is_known_by_its_method_and_path() -> None:
    path = "/restapis/a1/stages/live/cache/data"
    assert flushed_stage("DELETE", path) == ("a1", "live")
    assert flushed_stage("GET", path) is None
    assert flushed_stage("DELETE", "/restapis/a1/stages/live") is None
    assert flushed_stage("DELETE", "/restapis/a1/stages/live/cache/authorizers") is None
