"""Refuses what is too large for a function: Lambda takes at most 6 MB of an event from a caller who waits.

The emulator passes on events of any size. An event is JSON, and a binary body in it is text in Base64, a third longer
than the body: https://docs.aws.amazon.com/lambda/latest/dg/API_Invoke.html (read on December 1, 2026).
"""

import json
from collections.abc import Awaitable, Callable
from typing import Any

MOST_BYTES = 6 * 1024 * 1024
TOO_LARGE = "too_large"
"""A key of what stands for the function's result."""
ANSWER = {
    "statusCode": 413,
    "headers": {"x-amzn-ErrorType": "RequestTooLargeException"},
    "body": '{"message": "Request Too Long"}',
}


def fits(event: Any) -> bool:
    """Whether the event is small enough. Most are, which their body alone shows."""
    if isinstance(event, dict) and len(event.get("body") or "") < MOST_BYTES // 16:
        return True
    return len(json.dumps(event)) <= MOST_BYTES


def install() -> None:
    """Patch the imported emulator: `fidelity` makes an answer of the result."""
    from ministack.services import apigateway_v1

    call: Callable[..., Awaitable[Any]] = apigateway_v1._call_lambda_raw

    async def call_what_fits(lambda_ref: Any, event: Any, **more: Any) -> Any:
        if not fits(event):
            error = {"errorType": "RequestTooLargeException", "errorMessage": "Request Too Long"}
            return {TOO_LARGE: True, "error": True, "body": error}, None
        return await call(lambda_ref, event, **more)

    apigateway_v1._call_lambda_raw = call_what_fits
