"""Lets the emulator report an invocation as AWS does: duration without the start, `Init Duration` where there was one.

MiniStack's REPORT line counts a worker's start as the handler's duration and names no Init Duration.
Format: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html
"""

import math
import threading
import time
from collections.abc import Callable
from typing import Any

_this_thread = threading.local()


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


def install() -> None:
    """Patch the imported emulator: time each worker's start and write the REPORT line with it."""
    from ministack.core.lambda_runtime import Worker
    from ministack.services import lambda_svc

    spawn: Callable[[Any], None] = Worker._spawn
    emit: Callable[..., None] = lambda_svc._emit_lambda_logs
    invoke: Callable[..., Any] = Worker.invoke

    def timed_spawn(worker: Any) -> None:
        started = time.perf_counter()
        spawn(worker)
        _this_thread.init_ms = (time.perf_counter() - started) * 1000

    def timed_invoke(worker: Any, *args: Any, **kwargs: Any) -> Any:
        _this_thread.init_ms = None
        started = time.perf_counter()
        try:
            return invoke(worker, *args, **kwargs)
        finally:
            whole = (time.perf_counter() - started) * 1000
            _this_thread.duration_ms = whole - (_this_thread.init_ms or 0)

    def emit_as_aws(
        func: dict[str, Any], request_id: str, log_text: str, error: bool, duration_ms: int, **kwargs: Any
    ) -> None:
        config = func.get("config") or func
        lines = platform_lines(
            request_id,
            str(config.get("Version", "$LATEST")),
            int(config.get("MemorySize", 128)),
            (log_text or "").splitlines(),
            _this_thread.__dict__.pop("duration_ms", float(duration_ms)),
            _this_thread.__dict__.pop("init_ms", None),
        )
        emit(func, request_id, "\n".join(lines), error, duration_ms, log_source="rie")

    Worker._spawn = timed_spawn
    Worker.invoke = timed_invoke
    lambda_svc._emit_lambda_logs = emit_as_aws
