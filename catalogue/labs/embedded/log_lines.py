"""Gives each invocation all the log lines that it printed, and none of another's, however busy the machine is.

MiniStack reads a worker's lines beside its answer, and waits 50 ms for the first and 5 ms for the next one. On a
machine with a thousand things to do lines come later than that: they would be missing from their invocation and stand
in the next. On AWS they are all there: https://docs.aws.amazon.com/lambda/latest/dg/python-logging.html

So the worker says on the same way that it is done, before it answers. What comes before that is the invocation's.
"""

import queue
import time
from collections.abc import Callable
from typing import Any

END = "\x1eend of invocation"
_PATIENCE_SECONDS = 5.0
"""With a worker that lives and says no end: it has closed its standard error, or does not get to run at all."""
_LOOK_SECONDS = 0.05

_SAYS_SO = f"sys.__stderr__.write({END!r} + chr(10)); sys.__stderr__.flush()"
_RETURNED = "            result = handler_fn(event, context)\n"
_RAISED = (
    "        except Exception as e:\n"
    '            _real_stdout.write(json.dumps({"status": "error", "error": str(e), "trace"'
)


def telling_its_end(script: str) -> str:
    """The worker's script, changed. Raises ValueError if it is not the one that this was written for."""
    for there, instead in (
        (_RETURNED, f"{_RETURNED}            {_SAYS_SO}\n"),
        (_RAISED, _RAISED.replace("            _real_stdout", f"            {_SAYS_SO}\n            _real_stdout")),
    ):
        if script.count(there) != 1:
            raise ValueError("The emulator's worker has another script than the one that is known here.")
        script = script.replace(there, instead)
    return script


def lines_to_the_end(
    lines: "queue.Queue[str]", may_come: Callable[[], bool], patience: float = _PATIENCE_SECONDS
) -> str:
    """All lines before END, joined; without one, all there are once none may come any more, or patience ends."""
    found: list[str] = []
    deadline = time.monotonic() + patience
    while True:
        last = not may_come() or time.monotonic() >= deadline
        try:
            line = lines.get_nowait() if last else lines.get(timeout=_LOOK_SECONDS)
        except queue.Empty:
            if last:
                return "\n".join(found)
            continue
        said, end, _ = line.partition(END)
        if said or not end:
            found.append(said)
        if end:
            return "\n".join(found)


def install() -> None:
    """Patch the imported emulator; functions in other languages than Python are read as before."""
    from ministack.core import lambda_runtime

    Worker = lambda_runtime.Worker
    bounded: Callable[..., str] = Worker._drain_stderr_bounded

    def drain(worker: Any, *args: Any, **kwargs: Any) -> str:
        if not str(worker.config.get("Runtime", "")).startswith("python"):
            return bounded(worker, *args, **kwargs)
        return lines_to_the_end(worker._stderr_queue, worker._stderr_thread.is_alive)

    lambda_runtime._PYTHON_WORKER_SCRIPT = telling_its_end(lambda_runtime._PYTHON_WORKER_SCRIPT)
    Worker._drain_stderr_bounded = drain
