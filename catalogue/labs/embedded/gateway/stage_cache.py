"""The stage cache that the emulator lacks: keeps answers of Lambda proxy integrations as API Gateway does.

It sits where API Gateway's does, behind authorization, throttling and validation and before the integration,
and follows the stage's and the integration's own settings. As on AWS, no header tells a hit from a miss, and
misses of the same key at the same moment each reach the function.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-caching.html
"""

import re
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

MOST_BYTES = 1_048_576
"""The largest response that is cached; same source."""
MOST_ENTRIES = 2_000
"""Over all stages: labs live minutes, and their entries seconds."""
IGNORED = "199 Cache-control headers were ignored because the caller was unauthorized."

_FLUSH = re.compile(r"/restapis/(?P<api>[^/]+)/stages/(?P<stage>[^/]+)/cache/data")

type Answer = tuple[int, dict[str, Any], bytes]
type Key = tuple[Any, ...]
_DEFAULTS: Mapping[str, Any] = {
    "cachingEnabled": False,
    "cacheTtlInSeconds": 300,
    "requireAuthorizationForCacheControl": True,
    "unauthorizedCacheControlHeaderStrategy": "SUCCEED_WITH_RESPONSE_HEADER",
}


@dataclass(frozen=True)
class Settings:
    """How one method of a stage is cached."""

    seconds: int
    anyone_may_invalidate: bool
    strategy: str
    """Towards others: FAIL_WITH_403, SUCCEED_WITH_RESPONSE_HEADER or SUCCEED_WITHOUT_RESPONSE_HEADER."""


def settings_of(stage: Mapping[str, Any], path: str, method: str) -> Settings | None:
    """The method's cache settings from what GetStage returns; None if its answers are not cached.

    A method's own entry counts before the stage's `*/*`, which turns caching on for GET only.
    """
    if not stage.get("cacheClusterEnabled"):
        return None
    by_method = {_method_of(key): entry for key, entry in (stage.get("methodSettings") or {}).items()}
    own = next((by_method[key] for key in ((path, method), (path, "*")) if key in by_method), None)
    if own is None:
        own = by_method.get(("*", "*"), {}) if method == "GET" else {}
    settled = {**_DEFAULTS, **own}
    if not settled["cachingEnabled"] or settled["cacheTtlInSeconds"] <= 0:
        return None
    return Settings(
        seconds=settled["cacheTtlInSeconds"],
        anyone_may_invalidate=not settled["requireAuthorizationForCacheControl"],
        strategy=settled["unauthorizedCacheControlHeaderStrategy"],
    )


def with_one_spelling(settings: Mapping[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """A stage's method settings with one entry for each method, under the key that UpdateStage changes.

    CloudFormation's entries have the template's spelling, `/~1products~1{id}/GET`, so that a change made a second one.
    """
    found: dict[str, dict[str, Any]] = {}
    for key, entry in settings.items():
        found.setdefault("/".join(_method_of(key)), {}).update(entry)
    return found


def _method_of(key: str) -> tuple[str, str]:
    """Path and method of a settings key, written `~1products~1{id}/GET` or `/products/{id}/GET`."""
    path, _, method = key.rpartition("/")
    path = path.replace("~1", "/").replace("~0", "~").strip("/")
    return ("*" if path == "*" else f"/{path}"), method


def key_values(
    parameters: list[str], path: Mapping[str, str], query: Mapping[str, Any], headers: Mapping[str, Any]
) -> tuple[Any, ...]:
    """The values of cacheKeyParameters (such as `method.request.querystring.currency`) in a request."""
    lower = {name.lower(): value for name, value in headers.items()}
    values = []
    for parameter in parameters:
        place, name = parameter.split(".", 3)[2:]
        if place == "path":
            value = path.get(name)
        elif place in ("querystring", "multivaluequerystring"):
            value = query.get(name)
        else:
            value = lower.get(name.lower())
        values.append(tuple(value) if isinstance(value, list) else value)
    return tuple(values)


def asks_for_fresh(headers: Mapping[str, Any]) -> bool:
    """Whether a request carries `Cache-Control: max-age=0`, the one directive that API Gateway heeds."""
    value = next((value for name, value in headers.items() if name.lower() == "cache-control"), "")
    return "max-age=0" in {part.strip().lower() for part in str(value).split(",")}


class StageCache:
    """Answers by key until they expire; the oldest go first when there are too many."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._entries: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()

    def get(self, key: Key) -> Answer | None:
        expires, answer = self._entries.get(key, (0.0, None))
        if answer is None or self._now() >= expires:
            return None
        status, headers, body = answer
        return status, dict(headers), body

    def put(self, key: Key, answer: Answer, seconds: int) -> None:
        """Keep an answer, unless it is too large or the gateway's word that the function failed or could not run."""
        status, headers, body = answer
        if status in (502, 504) or "x-amzn-ErrorType" in headers or len(body) > MOST_BYTES:
            return
        self._entries[key] = (self._now() + seconds, (status, dict(headers), body))
        self._entries.move_to_end(key)
        while len(self._entries) > MOST_ENTRIES:
            self._entries.popitem(last=False)

    def flush(self, api: str, stage: str) -> None:
        """Forget every answer of this stage. Keys begin with the API and the stage's name."""
        for key in [key for key in self._entries if key[:2] == (api, stage)]:
            del self._entries[key]


def flushed_stage(method: str, path: str) -> tuple[str, str] | None:
    """API and stage of a FlushStageCache request; None for any other.

    https://docs.aws.amazon.com/apigateway/latest/api/API_FlushStageCache.html
    """
    found = _FLUSH.fullmatch(path) if method == "DELETE" else None
    return (found["api"], found["stage"]) if found else None


async def answer_through(
    cache: StageCache,
    settings: Settings,
    key: Key,
    headers: Mapping[str, Any],
    render: Callable[[], Awaitable[Any]],
) -> Any:
    """The kept answer if there is one, else that of `render`, kept from now on.

    Callers here are never signed, so a request for a fresh answer is heeded only where anyone may invalidate.
    """
    fresh = asks_for_fresh(headers)
    refused = fresh and not settings.anyone_may_invalidate
    if refused and settings.strategy == "FAIL_WITH_403":
        return 403, {"Content-Type": "application/json"}, b'{"message": "Unauthorized"}'
    answer = None if fresh and not refused else cache.get(key)
    if answer is None:
        answer = await render()
        if not isinstance(answer, tuple):  # an error of the gateway's own
            return answer
        cache.put(key, answer, settings.seconds)
    if refused and settings.strategy == "SUCCEED_WITH_RESPONSE_HEADER":
        status, kept, body = answer
        return status, {**kept, "Warning": IGNORED}, body
    return answer


def install() -> None:
    """Patch the imported emulator: its Lambda proxy integrations answer through a cache that can be set and flushed."""
    from ministack.services import apigateway_v1

    invoke: Callable[..., Awaitable[Any]] = apigateway_v1._invoke_lambda_proxy_v1
    handle: Callable[..., Awaitable[Any]] = apigateway_v1.handle_request
    change: Callable[[dict[str, Any], dict[str, Any]], bool] = apigateway_v1._try_apply_method_settings_patch
    cache = StageCache()

    def change_the_one_entry(stage: dict[str, Any], operation: dict[str, Any]) -> bool:
        stage["methodSettings"] = with_one_spelling(stage.get("methodSettings") or {})
        return change(stage, operation)

    async def invoke_unless_cached(
        integration: dict[str, Any],
        api_id: str,
        stage_name: str,
        stage: dict[str, Any],
        resource: dict[str, Any],
        request_path: str,
        method: str,
        headers: dict[str, Any],
        body: bytes,
        query_params: dict[str, Any],
        path_params: dict[str, str],
        **scope: Any,
    ) -> Any:
        async def render() -> Any:
            return await invoke(
                *(integration, api_id, stage_name, stage, resource, request_path),
                *(method, headers, body, query_params, path_params),
                **scope,
            )

        settings = settings_of(stage, resource["path"], method)
        if settings is None:
            return await render()
        parameters = integration.get("cacheKeyParameters") or []
        values = key_values(parameters, path_params or {}, query_params or {}, headers)
        namespace = integration.get("cacheNamespace") or resource["id"]
        key = (api_id, stage_name, namespace, method, values)
        return await answer_through(cache, settings, key, headers, render)

    async def handle_or_flush(method: str, path: str, *rest: Any) -> Any:
        flushed = flushed_stage(method, path)
        if flushed is None or flushed[1] not in (apigateway_v1.stages_for_api(flushed[0]) or {}):
            return await handle(method, path, *rest)
        cache.flush(*flushed)
        return 202, {"Content-Type": "application/json"}, b""

    apigateway_v1._invoke_lambda_proxy_v1 = invoke_unless_cached
    apigateway_v1.handle_request = handle_or_flush
    apigateway_v1._try_apply_method_settings_patch = change_the_one_entry
