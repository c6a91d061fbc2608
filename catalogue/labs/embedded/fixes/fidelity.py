"""Lets the emulator tell of an invocation as AWS does: its REPORT line, its tracebacks, its hidden errors.

MiniStack counts a worker's start as the handler's duration and names no Init Duration, prints a traceback that
shows its own worker, and hands the error's text, or Lambda's own 429, to the caller. On AWS:

- REPORT line: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
- `[ERROR] Type: message` before the traceback: https://docs.aws.amazon.com/lambda/latest/dg/python-exceptions.html
- 502 `{"message": "Internal server error"}`:
  https://docs.aws.amazon.com/apigateway/latest/developerguide/handle-errors-in-lambda-integration.html
- 500 when Lambda rejects the invocation, for want of concurrency for instance:
  https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html
"""

import math
import re
import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from catalogue.labs.embedded.gateway import payloads

_handler_ms: ContextVar[float | None] = ContextVar("handler_ms", default=None)
_init_ms: ContextVar[float | None] = ContextVar("init_ms", default=None)
"""What the invocation under way took, in its handler and before that. Each has a context or a thread of its own."""

_PROXY_KEYS = {"statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"}
"""https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
_THROTTLED = {
    "statusCode": 500,
    "headers": {"x-amzn-ErrorType": "InternalServerErrorException"},
    "body": '{"message": "Internal server error"}',
}
_TRACEBACK = "Traceback (most recent call last):"
_PROCESS_ENDED = "Worker process died"
"""What the emulator says where Lambda says that the runtime has exited."""
_CODE_FOLDER = re.compile(r'"[^"]*/ministack-lambda-[^"/]+/code/')
_LIBRARY_FOLDER = re.compile(r'"[^"]*/lib/python3\.\d+/')


def platform_lines(
    request_id: str, version: str, memory_mb: int, lines: list[str], duration_ms: float, init_ms: float | None
) -> list[str]:
    """A handler's log lines between START, END and REPORT; an init counts towards the billed duration."""
    billed = math.ceil(duration_ms + (init_ms or 0))
    report = (
        f"REPORT RequestId: {request_id}\tDuration: {duration_ms:.2f} ms\tBilled Duration: {billed} ms\t"
        f"Memory Size: {memory_mb} MB\tMax Memory Used: {memory_mb} MB"
    )
    if init_ms is not None:
        report += f"\tInit Duration: {init_ms:.2f} ms"
    return [
        f"START RequestId: {request_id} Version: {version}",
        *lines,
        f"END RequestId: {request_id}",
        report,
    ]


def exit_lines(lines: list[str], request_id: str) -> list[str]:
    """The lines of an invocation whose process ended by itself, with what Lambda says of that."""
    said = [f"RequestId: {request_id} Error: Runtime exited without providing a reason", "Runtime.ExitError"]
    return [each for line in lines for each in (said if line == _PROCESS_ENDED else [line])]


def error_lines(lines: list[str]) -> list[str]:
    """The lines of a failed invocation: its last traceback begins with `[ERROR]` and shows the handler's files only."""
    if _TRACEBACK not in lines:
        return lines
    start = len(lines) - 1 - lines[::-1].index(_TRACEBACK)
    before, trace = lines[:start], lines[start:]
    frames: list[str] = []
    skipping = False
    message = ""
    for line in trace[1:]:
        if line.startswith("  File "):
            skipping = "/_worker.py" in line
        elif line and not line.startswith(" "):
            message, skipping = line, False
            continue
        if not skipping and line:
            frames.append(_as_on_lambda(line))
    return [*before, f"[ERROR] {message}", _TRACEBACK, *frames]


def _as_on_lambda(frame: str) -> str:
    """A line of a traceback with the folders that Lambda has, and none of this machine's."""
    return _LIBRARY_FOLDER.sub('"/var/lang/lib/python3.13/', _CODE_FOLDER.sub('"/var/task/', frame))


def is_malformed(returned: Any) -> bool:
    """Whether API Gateway would refuse what a handler returned through a proxy integration."""
    return not isinstance(returned, dict) or not returned.keys() <= _PROXY_KEYS


def handler_took(milliseconds: float) -> None:
    """The time of the invocation under way for its REPORT line: from its event to its answer."""
    _handler_ms.set(milliseconds)


def install() -> None:
    """Patch the imported emulator."""
    from ministack.core.lambda_runtime import Worker
    from ministack.services import apigateway_v1, lambda_svc

    spawn: Callable[[Any], None] = Worker._spawn
    emit: Callable[..., None] = lambda_svc._emit_lambda_logs
    invoke: Callable[..., Any] = Worker.invoke
    proxy_response: Callable[[dict[str, Any]], Any] = apigateway_v1._lambda_proxy_response

    def timed_spawn(worker: Any) -> None:
        started = time.perf_counter()
        spawn(worker)
        _init_ms.set((time.perf_counter() - started) * 1000)

    def timed_invoke(worker: Any, *args: Any, **kwargs: Any) -> Any:
        _init_ms.set(None)
        _handler_ms.set(None)
        started = time.perf_counter()
        try:
            return invoke(worker, *args, **kwargs)
        finally:
            if _handler_ms.get() is None:  # of another runtime than Python
                handler_took((time.perf_counter() - started) * 1000 - (_init_ms.get() or 0))

    def emit_as_aws(
        func: dict[str, Any], request_id: str, log_text: str, error: bool, duration_ms: int, **kwargs: Any
    ) -> None:
        config = func.get("config") or func
        said = (log_text or "").splitlines()
        took = _handler_ms.get()
        lines = platform_lines(
            request_id,
            str(config.get("Version", "$LATEST")),
            int(config.get("MemorySize", 128)),
            error_lines(exit_lines(said, request_id)) if error else said,
            float(duration_ms) if took is None else took,
            _init_ms.get(),
        )
        _handler_ms.set(None)
        _init_ms.set(None)
        emit(func, request_id, "\n".join(lines), error, duration_ms, log_source="rie")

    def proxy_response_as_aws(result: dict[str, Any]) -> Any:
        if result.get("throttle"):
            return _THROTTLED, None
        if result.get(payloads.TOO_LARGE):
            return payloads.ANSWER, None
        if result.get("error") or is_malformed(result.get("body")):
            return None, "Internal server error"
        return proxy_response(result)

    Worker._spawn = timed_spawn
    Worker.invoke = timed_invoke
    lambda_svc._emit_lambda_logs = emit_as_aws
    apigateway_v1._lambda_proxy_response = proxy_response_as_aws
