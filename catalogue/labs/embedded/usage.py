"""Counts what a lab's handlers and the stack's own mechanisms ask of AWS: what the bill is made of.

Handlers call the emulator over HTTP with their role's credentials, the site with a key of its own, so that what the
site does to watch a lab counts for nothing. What AWS's services do among themselves (a gateway that sends to a queue,
an event source that polls one, a topic that delivers) happens inside the emulator and is counted where it happens.
The polls of an idle event source are not: the emulator makes none (see `patterns.costs.standing`).
"""

import re
from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

from catalogue.labs.embedded import usage_services
from catalogue.labs.embedded.counter import Counter
from catalogue.labs.embedded.usage_caller import by_a_handler, tell_callers_apart

LINE_OVERHEAD = 26
"""Bytes that CloudWatch Logs adds to each line:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""

_call: ContextVar[dict[str, bool] | None] = ContextVar("call", default=None)
"""What the gateway did with the call under way."""
_BILLED = re.compile(r"Billed Duration: (\d+) ms\tMemory Size: (\d+) MB")

UNCHARGED = {
    *("UNAUTHORIZED", "ACCESS_DENIED", "EXPIRED_TOKEN", "INVALID_SIGNATURE", "MISSING_AUTHENTICATION_TOKEN"),
    *("INVALID_API_KEY", "THROTTLED", "QUOTA_EXCEEDED", "WAF_FILTERED"),
}
"""Refusals that API Gateway does not charge: failed authorization, missing keys, throttling.
https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-pricing.html"""


def install() -> Counter:
    """Patch the imported emulator, before any other patch of it: this one counts what the others let through."""
    counter = Counter()
    tell_callers_apart()
    _count_gateway(counter)
    _count_functions(counter)
    usage_services.count_queues(counter)
    usage_services.count_topics(counter)
    usage_services.count_tables(counter)
    usage_services.count_others(counter)
    return counter


def _count_gateway(counter: Counter) -> None:
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


def _mark(what: str) -> None:
    call = _call.get()
    if call is not None:
        call[what] = True


def _count_functions(counter: Counter) -> None:
    """Invocations with their GB-seconds, and the log data that each one leaves, from its REPORT line."""
    from ministack.services import lambda_svc

    emit: Callable[..., None] = lambda_svc._emit_lambda_logs

    def emit_counting(
        func: dict[str, Any], request_id: str, log_text: str, error: bool, duration_ms: int, **kwargs: Any
    ) -> None:
        config = func.get("config") or func
        name = str(config.get("FunctionName", ""))
        told = _BILLED.search(log_text or "")
        billed, memory = (int(told[1]), int(told[2])) if told else (duration_ms, int(config.get("MemorySize", 128)))
        counter.add("lambda", name, "Invoke", billed / 1000 * memory / 1024)
        lines = (log_text or "").splitlines()
        size = sum(len(line.encode()) + LINE_OVERHEAD for line in lines)
        counter.add("cloudwatch", name, "PutLogEvents", size, len(lines))
        emit(func, request_id, log_text, error, duration_ms, **kwargs)

    lambda_svc._emit_lambda_logs = emit_counting
