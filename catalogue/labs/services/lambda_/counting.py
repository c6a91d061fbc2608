"""Counts invocations with their GB-seconds, from each one's REPORT line."""

import re
from collections.abc import Callable
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter

_BILLED = re.compile(r"Billed Duration: (\d+) ms\tMemory Size: (\d+) MB")


def count(counter: Counter) -> None:
    from ministack.services import lambda_svc

    emit: Callable[..., None] = lambda_svc._emit_lambda_logs

    def emit_counting(
        func: dict[str, Any], request_id: str, log_text: str, error: bool, duration_ms: int, **kwargs: Any
    ) -> None:
        config = func.get("config") or func
        name = str(config.get("FunctionName", ""))
        told = _BILLED.search(log_text or "")
        billed, memory = (int(told[1]), int(told[2])) if told else (duration_ms, int(config.get("MemorySize", 128)))
        counter.add("lambda", name, "Invoke", billed / 1000 * memory / 1024)
        emit(func, request_id, log_text, error, duration_ms, **kwargs)

    lambda_svc._emit_lambda_logs = emit_counting
