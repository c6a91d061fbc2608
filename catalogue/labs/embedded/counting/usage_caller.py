"""Whose request is under way: a handler's, or one of the site's own."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

by_a_handler: ContextVar[bool] = ContextVar("by_a_handler", default=False)
"""Whether the request under way is a handler's, or made by a service for the stack."""


def tell_callers_apart(site_key: str) -> None:
    """Patch the imported emulator: handlers sign with their role's keys, the site with `site_key`.

    What the site does to watch a lab is not counted.
    """
    from ministack import app
    from ministack.core.router import extract_access_key_id

    dispatch: Callable[..., Awaitable[Any]] = app._dispatch_service_request

    async def dispatch_telling(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any], request_id: str
    ) -> Any:
        by_a_handler.set(extract_access_key_id(headers, query_params) not in ("", site_key))
        return await dispatch(method, path, headers, body, query_params, request_id)

    app._dispatch_service_request = dispatch_telling


def count_requests(module: Any, count: Callable[[str, str, dict[str, str], bytes, dict[str, Any]], None]) -> None:
    """Patch a service of the imported emulator: `count` gets each request of a handler that succeeded.

    Its arguments are method, path, headers (lower-case names), body and query.
    """
    handle: Callable[..., Awaitable[Any]] = module.handle_request

    async def handle_counting(
        method: str,
        path: str,
        headers: dict[str, str],
        body: bytes,
        query: dict[str, Any],
        *args: Any,
        **kwargs: Any,
    ) -> Any:
        response = await handle(method, path, headers, body, query, *args, **kwargs)
        if by_a_handler.get() and response[0] < 400:
            count(method, path, headers, body, query)
        return response

    module.handle_request = handle_counting


def patch_when_used(name: str, patch: Callable[[Any], None]) -> None:
    """Patch a service of the emulator when its first request comes: one that is large costs memory once imported."""
    from ministack import app

    get: Callable[[str], Any] = app._get_module
    patched: list[str] = []

    def get_patched(asked: str) -> Any:
        module = get(asked)
        if asked == name and not patched:
            patched.append(asked)
            patch(module)
        return module

    app._get_module = get_patched
