"""Bounds the emulator's live workers: where one more would be too many, the one that was idle longest is stopped.

The emulator keeps the first worker of each function for good, some 20 to 36 MB each. Real AWS freezes and discards
execution environments too; the function's next call is a cold one.
https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol


class Worker(Protocol):
    """What is used of the emulator's worker."""

    in_use: bool
    last_used: float
    _proc: Any


type Pools = Mapping[str, list[Any]]
"""The emulator's workers by function; changed in place."""


def lives(worker: Worker) -> bool:
    """Whether the worker has a process now, or is about to start one."""
    return worker.in_use or has_process(worker)


def has_process(worker: Worker) -> bool:
    process = worker._proc
    return process is not None and process.poll() is None


def take_surplus(pools: Pools, most: int) -> list[Worker]:
    """Take idle workers out of their pools, those used longest ago first, until at most `most` live."""
    living = [worker for pool in pools.values() for worker in pool if lives(worker)]
    idle = sorted((worker for worker in living if not worker.in_use), key=lambda worker: worker.last_used)
    doomed = idle[: max(0, len(living) - most)]
    for worker in doomed:
        next(pool for pool in pools.values() if worker in pool).remove(worker)
    return doomed


def install(most: int) -> None:
    """Patch the imported emulator. With its account's concurrency at `most` as well, no more can ever live."""
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc

    acquire: Callable[..., tuple[Any, str]] = lambda_runtime.acquire_worker

    def acquire_with_room(*args: Any, **kwargs: Any) -> tuple[Any, str]:
        worker, how = acquire(*args, **kwargs)
        if worker is not None and not has_process(worker):  # it will start one
            with lambda_runtime._lock:
                doomed = take_surplus(lambda_runtime._workers, most)
            lambda_runtime.kill_workers(doomed)
        return worker, how

    lambda_runtime.acquire_worker = acquire_with_room
    lambda_svc.acquire_worker = acquire_with_room
