"""Counts calls of an API: charged or not, refused, answered from a cache, sent on without a function."""

import math
import time
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.counting.usage_caller import by_a_handler

MESSAGE_UNIT = 32 * 1024

_call: ContextVar[dict[str, bool] | None] = ContextVar("call", default=None)
"""What the gateway did with the call under way."""
UNCHARGED = {
    *("UNAUTHORIZED", "ACCESS_DENIED", "EXPIRED_TOKEN", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN"),
    *("INVALID_API_KEY", "THROTTLED", "QUOTA_EXCEEDED", "WAF_FILTERED"),
}
"""Refusals that API Gateway does not charge: failed authorization, missing keys, throttling.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-pricing.html"""


def count(counter: Counter) -> None:
    """One Request for each call that is charged, and what became of it: refused, answered from a cache, sent on."""
    from ministack.services import apigateway
    from ministack.services import apigateway_v1 as rest

    execute: Callable[..., Awaitable[Any]] = rest._execute_in_scope
    execute_http: Callable[..., Awaitable[Any]] = apigateway._handle_execute_in_scope
    authorize: Callable[..., Awaitable[Any]] = rest._authorize_request_v1
    send_to_queue: Callable[..., Awaitable[Any]] = rest._invoke_sqs_v1

    async def execute_counting(request: dict[str, Any], api_id: str, *args: Any) -> Any:
        call: dict[str, bool] = {}
        _call.set(call)
        response = await execute(request, api_id, *args)
        refused = getattr(response, "response_type", "")
        if refused in UNCHARGED:
            counter.add("api-gateway", api_id, "UnchargedRequest")
            return response
        counter.add("api-gateway", api_id, "Request")
        if refused.startswith(("BAD_REQUEST", "UNSUPPORTED_MEDIA", "REQUEST_TOO_LARGE")):
            counter.add("api-gateway", api_id, "Refusal")
        elif not refused and request.get("resource_path") and "reached" not in call and response[0] not in (403, 500):
            counter.add("api-gateway", api_id, "CacheHit")
        return response

    async def execute_http_counting(api_id: str, *args: Any, **kwargs: Any) -> Any:
        counter.add("api-gateway", api_id, "Request")
        return await execute_http(api_id, *args, **kwargs)

    def reaching(name: str) -> None:
        original: Callable[..., Any] = getattr(rest, name)

        def reach(*args: Any, **kwargs: Any) -> Any:
            _mark("reached")
            return original(*args, **kwargs)

        setattr(rest, name, reach)

    for name in (*("_invoke_lambda_proxy_v1", "_invoke_lambda_custom_v1", "_invoke_http_proxy_v1", "_invoke_mock_v1"),):
        reaching(name)

    async def send_to_queue_counting(integration: Any, api_id: str, *args: Any, **kwargs: Any) -> Any:
        _mark("reached")
        token = by_a_handler.set(True)
        try:
            response = await send_to_queue(integration, api_id, *args, **kwargs)
        finally:
            by_a_handler.reset(token)
        if response[0] < 400:
            counter.add("api-gateway", api_id, "DirectIntegration")
        return response

    ask: Callable[..., Awaitable[Any]] = rest._invoke_authorizer_lambda

    async def ask_marking(*args: Any) -> Any:
        _mark("authorizer")
        return await ask(*args)

    async def authorize_counting(api_id: str, stage_name: str, method_obj: Any, *args: Any) -> Any:
        error, context = await authorize(api_id, stage_name, method_obj, *args)
        decided = context is not None or getattr(error, "response_type", "") == "ACCESS_DENIED"
        if decided and method_obj.get("authorizationType") == "CUSTOM" and "authorizer" not in (_call.get() or {}):
            counter.add("api-gateway", api_id, "AuthorizerCacheHit")
        return error, context

    rest._execute_in_scope = execute_counting
    rest._invoke_sqs_v1 = send_to_queue_counting
    rest._invoke_authorizer_lambda = ask_marking
    rest._authorize_request_v1 = authorize_counting
    apigateway._handle_execute_in_scope = execute_http_counting
    _count_websockets(counter)


def _count_websockets(counter: Counter) -> None:
    """Messages in both directions, in units of 32 KB, and the minutes of each connection.

    https://aws.amazon.com/api-gateway/pricing/
    """
    from ministack.services import apigateway

    serve: Callable[..., Awaitable[Any]] = apigateway.handle_websocket
    post: Callable[..., Awaitable[Any]] = apigateway.handle_connections_api

    async def serve_counting(scope: Any, receive: Any, send: Any, api_id: str, *args: Any, **kwargs: Any) -> Any:
        began = time.monotonic()

        async def received() -> Any:
            message = await receive()
            if message["type"] == "websocket.receive":
                size = len((message.get("text") or "").encode()) or len(message.get("bytes") or b"")
                counter.add("api-gateway", api_id, "Message", max(1, math.ceil(size / MESSAGE_UNIT)))
            return message

        try:
            return await serve(scope, received, send, api_id, *args, **kwargs)
        finally:
            minutes = math.ceil((time.monotonic() - began) / 60)
            counter.add("api-gateway", api_id, "ConnectionMinute", minutes)

    async def post_counting(method: str, api_id: str, stage: str, id: str, body: bytes, *args: Any) -> Any:
        response = await post(method, api_id, stage, id, body, *args)
        if method == "POST" and response[0] == 200:
            counter.add("api-gateway", api_id, "Message", max(1, math.ceil(len(body) / MESSAGE_UNIT)))
        return response

    apigateway.handle_websocket = serve_counting
    apigateway.handle_connections_api = post_counting


def _mark(what: str) -> None:
    call = _call.get()
    if call is not None:
        call[what] = True
