"""Lets messages of WebSocket APIs invoke functions as all else does: with a log, limits and turns.

MiniStack hands them to a worker itself, so that nothing tells of the invocation.
"""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from typing import Any

_by_message: ContextVar[bool] = ContextVar("by_message", default=False)


class _WithoutZip(dict[str, Any]):
    """A function's record that shows no code, for which MiniStack takes its other way; a copy of it has the code."""

    def get(self, key: str, default: Any = None) -> Any:
        return default if key == "code_zip" else super().get(key, default)


def install() -> None:
    """Patch the imported emulator."""
    from ministack.services import apigateway, lambda_svc

    invoke: Callable[..., Awaitable[Any]] = apigateway._invoke_ws_lambda
    find: Callable[..., tuple[Any, Any, str]] = lambda_svc._get_func_record_for_ref_in_scope

    async def invoke_logged(*args: Any, **kwargs: Any) -> Any:
        token = _by_message.set(True)
        try:
            return await invoke(*args, **kwargs)
        finally:
            _by_message.reset(token)

    def find_without_zip(function_ref: str, **scope: Any) -> tuple[Any, Any, str]:
        record, config, name = find(function_ref, **scope)
        return (_WithoutZip(record) if record and _by_message.get() else record), config, name

    apigateway._invoke_ws_lambda = invoke_logged
    lambda_svc._get_func_record_for_ref_in_scope = find_without_zip
