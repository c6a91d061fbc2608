"""Whose request is under way: a handler's, or one of the site's own."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

SITE_KEY = "test"
"""The access key with which the site itself asks; what it does to watch a lab counts for nothing."""

by_a_handler: ContextVar[bool] = ContextVar("by_a_handler", default=False)
"""Whether the request under way is a handler's, or made by a service for the stack."""


def tell_callers_apart() -> None:
    """Patch the imported emulator: handlers sign with their role's keys."""
    from ministack import app
    from ministack.core.router import extract_access_key_id

    dispatch: Callable[..., Awaitable[Any]] = app._dispatch_service_request

    async def dispatch_telling(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any], request_id: str
    ) -> Any:
        by_a_handler.set(extract_access_key_id(headers, query_params) not in ("", SITE_KEY))
        return await dispatch(method, path, headers, body, query_params, request_id)

    app._dispatch_service_request = dispatch_telling
