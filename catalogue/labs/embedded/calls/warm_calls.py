"""Runs calls of warm Python functions on the event loop.

MiniStack gives every call that API Gateway or Invoke waits for a thread of its own. Where the function has a free
worker with a process, the event loop waits for it instead. Cold starts, throttles, other runtimes and the services that
call functions on threads of their own go MiniStack's way.
"""

import asyncio
import contextlib
import contextvars
import time
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from catalogue.labs.embedded.calls.invocations import Result, envelope, invoke_on_loop, pipes_of
from catalogue.labs.embedded.calls.turns import Turns
from catalogue.labs.embedded.workers import memory_limit
from catalogue.labs.embedded.workers.workers import has_process


def take_warm(function: dict[str, Any]) -> Any:
    """A free worker of this function with a living process, which is the caller's until it is released; or None."""
    from ministack.core import lambda_runtime

    config = function["config"]
    key = lambda_runtime._worker_key(config.get("FunctionName", "unknown"), config, config.get("Version", "$LATEST"))
    with lambda_runtime._lock:
        for worker in lambda_runtime._workers.get(key, ()):
            if not worker.in_use and has_process(worker) and pipes_of(worker) is not None:
                worker.in_use = True
                worker.last_used = time.time()
                return worker
    return None


async def execute_warm(turns: Turns, function: dict[str, Any], event: Any) -> Result | None:
    """What MiniStack's `_execute_function` returns; None if the function has no concurrency or no warm worker left.

    To be run in a context of its own: it sets the account and region of the function.
    """
    from ministack.core import lambda_runtime, responses
    from ministack.services import lambda_svc

    config = function["config"]
    if not str(config.get("Runtime", "")).startswith("python") or lambda_svc._proxy_url_for(config):
        return None
    account, region = lambda_runtime._account_region_from_function_config(config)
    responses._request_account_id.set(account)
    responses._request_region.set(region)
    slot, _ = lambda_svc._acquire_execution_slot(function, config)
    if slot is None:
        return None
    try:
        async with turns.of(lab_of(config)) as turn:
            worker = take_warm(function)
            if worker is None:
                return None
            turn.pid = worker._proc.pid
            try:
                return await _execute_on(worker, function, event)
            finally:
                lambda_runtime.release_worker(worker)
    finally:
        lambda_svc._release_execution_slot(slot)


def lab_of(config: dict[str, Any]) -> str:
    """The stack of a function, which CloudFormation's name for it begins with: `<stack>-<logical id>-<suffix>`."""
    return str(config.get("FunctionName", "")).rsplit("-", 2)[0]


async def _execute_on(worker: Any, function: dict[str, Any], event: Any) -> Result:
    from ministack.core import responses
    from ministack.services import lambda_svc

    config = function["config"]
    request_id = responses.new_uuid()
    message = envelope(
        worker,
        event,
        request_id,
        trace_id=lambda_svc._xray_trace_id_for_invocation(config),
        invoked_function_arn=config.get("FunctionArn", ""),
        depth=lambda_svc._invoke_depth.get(),
        durable=lambda_svc._durable_env_overlay(),
    )
    ended = memory_limit.as_ended(worker, await invoke_on_loop(worker, message), request_id)
    result = memory_limit.with_exit_error(_shaped(ended))
    milliseconds = 0  # `fidelity` has the exact time
    lambda_svc._emit_lambda_logs(function, request_id, result["log"], bool(result.get("error")), milliseconds)
    return result


def _shaped(ended: Result) -> Result:
    """A worker's result as `_execute_function_warm` returns it."""
    from ministack.services import lambda_svc

    if ended["status"] == "ok":
        return {"body": ended.get("result"), "log": ended["log"]}
    message = ended.get("error", "Unknown error")
    timed_out = lambda_svc._RIE_TIMEOUT_TEXT_RE.fullmatch(message)
    return {
        "body": {"errorMessage": message, "errorType": "Sandbox.Timedout" if timed_out else "Runtime.HandlerError"},
        "error": True,
        "log": "\n".join(filter(None, [ended["log"], ended.get("trace", message)])),
    }


def install() -> None:
    """Patch the imported emulator."""
    from ministack.services import apigateway, apigateway_v1, lambda_svc

    run_reentrant: Callable[..., Awaitable[Any]] = lambda_svc.run_reentrant
    turns = Turns()

    async def run(function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        if function is lambda_svc._execute_function_with_config_scope and "config" in args[0]:
            result = await _completed(execute_warm(turns, *args))
            if result is not None:
                return result
        return await run_reentrant(function, *args, **kwargs)

    for module in (apigateway, apigateway_v1, lambda_svc):
        module.run_reentrant = run


async def _completed[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Its result. It runs to its end in its own context even if the caller goes away, as MiniStack's threads do."""
    task = asyncio.get_running_loop().create_task(coroutine, context=contextvars.copy_context())
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        while not task.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([task])
        if not task.cancelled():
            task.exception()
        raise
