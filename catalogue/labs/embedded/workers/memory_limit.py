"""Ends a function that uses more memory than its MemorySize, with the words that Lambda has for it.

On AWS the process is killed and the invocation ends in Runtime.ExitError:
https://docs.aws.amazon.com/lambda/latest/dg/troubleshooting-invocation.html#troubleshooting-invocation-out-of-memory
What all processes of a worker hold is looked at every 50 ms while one invocation lasts, and once a second in any case.
"""

import contextlib
import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

BUSY_SECONDS, IDLE_SECONDS = 0.05, 1.0
MOST_PROCESSES = 1024
_PAGE = os.sysconf("SC_PAGE_SIZE")
_MEGABYTE = 1024 * 1024
_KILLED = "Runtime exited with error: signal: killed"


def descent(pid: int) -> Iterator[int]:
    """The process and all below it."""
    left = [pid]
    seen = 0
    while left and seen < MOST_PROCESSES:
        each = left.pop()
        seen += 1
        yield each
        with contextlib.suppress(OSError):
            for task in Path(f"/proc/{each}/task").iterdir():
                left += map(int, (task / "children").read_text().split())


def memory_of(pid: int, limit: int) -> int:
    """Bytes of memory that the process and all below it hold. Counted exactly only where it may be over the limit."""
    processes = list(descent(pid))
    rough = sum(_resident(each) for each in processes)
    return rough if rough <= limit or len(processes) == 1 else sum(_share(each) for each in processes)


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def _share(pid: int) -> int:
    """Memory that several processes share counts for each in part."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))
    except (OSError, IndexError, ValueError, StopIteration):
        return _resident(pid)


def end_those_over(workers: Iterable[Any]) -> None:
    """Kill each worker that holds more than its function's MemorySize."""
    for worker in workers:
        process = worker._proc
        limit = int(worker.config.get("MemorySize", 128)) * _MEGABYTE
        if process is not None and process.returncode is None and memory_of(process.pid, limit) > limit:
            worker.over_memory = True
            process.kill()


def as_killed(result: dict[str, Any], request_id: str) -> dict[str, Any]:
    """The emulator's result of an invocation that was ended here."""
    said = f"RequestId: {request_id} Error: {_KILLED}"
    return {**result, "status": "error", "error": said, "trace": f"{said}\nRuntime.ExitError"}


def as_ended(worker: Any, result: dict[str, Any], request_id: str) -> dict[str, Any]:
    """The worker's result; as of one that was killed if it was ended here."""
    if worker.__dict__.pop("over_memory", False) and result.get("status") != "ok":
        return as_killed(result, request_id)
    return result


def with_exit_error(result: dict[str, Any]) -> dict[str, Any]:
    """The emulator's result of an execution, with Lambda's error type if the function was ended here."""
    body = result.get("body")
    if result.get("error") and isinstance(body, dict) and str(body.get("errorMessage", "")).endswith(_KILLED):
        body["errorType"] = "Runtime.ExitError"
    return result


def install() -> None:
    """Patch the imported emulator, and start to look."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    invoke: Callable[..., Any] = lambda_runtime.Worker.invoke
    execute: Callable[..., Any] = lambda_svc._execute_function_warm

    def invoke_within(worker: Any, event: Any, request_id: str, *args: Any, **kwargs: Any) -> Any:
        return as_ended(worker, invoke(worker, event, request_id, *args, **kwargs), request_id)

    def execute_telling(*args: Any, **kwargs: Any) -> Any:
        return with_exit_error(execute(*args, **kwargs))

    def look() -> None:
        idle_at = 0.0
        while True:
            time.sleep(BUSY_SECONDS)
            with lambda_runtime._lock:
                workers = [worker for pool in lambda_runtime._workers.values() for worker in pool]
            if time.monotonic() < idle_at:
                began = time.time() - BUSY_SECONDS
                workers = [worker for worker in workers if worker.in_use and worker.last_used < began]
            else:
                idle_at = time.monotonic() + IDLE_SECONDS
            end_those_over(workers)

    lambda_runtime.Worker.invoke = invoke_within
    lambda_svc._execute_function_warm = execute_telling
    threading.Thread(target=look, name="memory limit", daemon=True).start()
