"""One invocation of a Python worker: the message that it is sent, the wait for its answer, and its end if it fails.

The wait is on the caller's thread (`invoke`) or on the event loop (`invoke_on_loop`), without the thread that MiniStack
starts for each answer.
"""

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from catalogue.labs.embedded.fixes import fidelity
from catalogue.labs.embedded.workers import worker_pipes
from catalogue.labs.embedded.workers.worker_pipes import Exchange, WorkerPipes
from catalogue.labs.embedded.workers.workers import has_process

type Result = dict[str, Any]

_DEFAULT_TIMEOUT = 30
"""MiniStack's, for a function without a Timeout."""


def envelope(
    worker: Any,
    event: Any,
    request_id: str,
    *,
    trace_id: str | None = None,
    depth: int | None = None,
    durable: dict[str, str] | None = None,
    invoked_function_arn: str | None = None,
) -> bytes:
    """The line that MiniStack's worker script takes as one invocation."""
    arn = worker.config.get("FunctionArn", "") if invoked_function_arn is None else invoked_function_arn
    context = {
        "request_id": request_id,
        "invoked_function_arn": arn,
        "timeout_ms": int(float(_timeout(worker)) * 1000),
        "trace_id": trace_id,
        "depth": depth,
        "durable": durable or {},
    }
    return json.dumps({"event": event, "ctx": context}).encode() + b"\n"


def _timeout(worker: Any) -> Any:
    return worker.config.get("Timeout", _DEFAULT_TIMEOUT)


def pipes_of(worker: Any) -> WorkerPipes | None:
    """Those of a worker's process; None for another runtime than Python, and without a process."""
    return getattr(worker._proc, "pipes", None)


def _result(worker: Any, exchange: Exchange, cold: bool) -> Result:
    if exchange.answer is None:
        said = f"Task timed out after {_timeout(worker)}.00 seconds"
        return {"status": "error", "error": said, "cold_start": cold}
    return {**exchange.answer, "cold_start": cold}


def _conclude(worker: Any, process: Any, pipes: WorkerPipes, result: Result) -> None:
    """End a worker that has failed, as MiniStack does, and add the log lines. Waits for both."""
    from ministack.core import lambda_runtime

    if result["status"] == "error":
        if worker._proc is process:
            worker._proc = None
        lambda_runtime._signal(process)
        lambda_runtime._collect(process, time.monotonic() + lambda_runtime._REAP_GRACE)
    result["log"] = worker_pipes.wait_for_log(pipes)


def invoke(worker: Any, event: Any, request_id: str, **about: Any) -> Result:
    """One invocation of a Python worker on this thread; starts its process if there is none."""
    with worker._lock:
        cold = not has_process(worker)
        if cold:
            worker._spawn()
            worker._cold = False
        process, pipes = worker._proc, pipes_of(worker)
        assert pipes is not None
        exchange = Exchange(pipes, envelope(worker, event, request_id, **about))
        started = time.perf_counter()
        worker_pipes.wait(exchange, float(_timeout(worker)))
        fidelity.handler_took((time.perf_counter() - started) * 1000)
        result = _result(worker, exchange, cold)
        _conclude(worker, process, pipes, result)
        return result


async def invoke_on_loop(worker: Any, message: bytes) -> Result:
    """One invocation of a worker that has a process, without a thread."""
    process, pipes = worker._proc, pipes_of(worker)
    assert pipes is not None
    exchange = Exchange(pipes, message)
    started = time.perf_counter()
    await worker_pipes.on_loop(exchange, float(_timeout(worker)))
    fidelity.handler_took((time.perf_counter() - started) * 1000)
    result = _result(worker, exchange, cold=False)
    if result["status"] == "ok" and pipes.read_log():
        result["log"] = pipes.log.take()
    else:
        await asyncio.to_thread(_conclude, worker, process, pipes, result)
    return result


def install() -> None:
    """Patch the imported emulator, before `python_runtime`, `fidelity` and `memory_limit`, which wrap `invoke`."""
    from ministack.core import lambda_runtime

    Worker = lambda_runtime.Worker
    with_threads: Callable[..., Result] = Worker.invoke
    bounded: Callable[..., str] = Worker._drain_stderr_bounded

    def invoke_either(worker: Any, event: Any, request_id: str, **about: Any) -> Result:
        python = str(worker.config.get("Runtime", "")).startswith("python")
        return (invoke if python else with_threads)(worker, event, request_id, **about)

    def drain(worker: Any, *args: Any, **kwargs: Any) -> str:
        pipes = pipes_of(worker)
        return bounded(worker, *args, **kwargs) if pipes is None else worker_pipes.wait_for_log(pipes)

    Worker.invoke = invoke_either
    Worker._drain_stderr_bounded = drain
