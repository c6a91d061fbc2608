"""Keeps the trace of a call to a function URL, as API Gateway does: the emulator gives each call one of its own.

A lab's edge gives each call a trace, so that what comes of it can be found. AWS documents the header in the event of a
function URL (https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html) and not what becomes of a caller's.
"""

from collections.abc import Callable
from typing import Any

TRACE_HEADER = "x-amzn-trace-id"


def install() -> None:
    """Patch the imported emulator."""
    from ministack.services import lambda_svc

    build: Callable[..., dict[str, Any]] = lambda_svc._build_function_url_event

    def build_with_trace(
        url_id: str,
        account_id: str,
        region: str,
        method: str,
        path: str,
        headers: dict[str, str],
        *rest: Any,
        **more: Any,
    ) -> dict[str, Any]:
        event = build(url_id, account_id, region, method, path, headers, *rest, **more)
        given = next((value for name, value in headers.items() if name.lower() == TRACE_HEADER), "")
        if given:
            event["headers"][TRACE_HEADER] = given
        return event

    lambda_svc._build_function_url_event = build_with_trace
