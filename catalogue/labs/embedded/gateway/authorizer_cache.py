"""Lets the emulator forget an authorizer's decisions when asked to, as API Gateway does.

MiniStack keeps them for their time to live and answers FlushStageAuthorizersCache with 404. On AWS:
https://docs.aws.amazon.com/apigateway/latest/api/API_FlushStageAuthorizersCache.html
"""

import re
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

_FLUSH = re.compile(r"/restapis/(?P<api>[^/]+)/stages/(?P<stage>[^/]+)/cache/authorizers")

type Key = tuple[Any, ...]
"""The emulator's key of a decision: account, region, API, authorizer, stage, what the caller presented."""


def flushed_stage(method: str, path: str) -> tuple[str, str] | None:
    """API and stage of a FlushStageAuthorizersCache request; None for any other."""
    found = _FLUSH.fullmatch(path) if method == "DELETE" else None
    return (found["api"], found["stage"]) if found else None


def of_stage(keys: Iterable[Key], api: str, stage: str) -> list[Key]:
    """Those keys that belong to one stage of one API."""
    return [key for key in keys if (key[2], key[4]) == (api, stage)]


def install() -> None:
    """Patch the imported emulator."""
    from ministack.services import apigateway_v1

    handle: Callable[..., Awaitable[Any]] = apigateway_v1.handle_request

    async def handle_or_flush(method: str, path: str, *rest: Any) -> Any:
        flushed = flushed_stage(method, path)
        if flushed is None or flushed[1] not in (apigateway_v1.stages_for_api(flushed[0]) or {}):
            return await handle(method, path, *rest)
        for key in of_stage(apigateway_v1._authorizer_cache, *flushed):
            del apigateway_v1._authorizer_cache[key]
        return 202, {"Content-Type": "application/json"}, b""

    apigateway_v1.handle_request = handle_or_flush
