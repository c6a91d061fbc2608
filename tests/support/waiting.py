"""Waiting for a condition, on a machine that may be busy with the rest of the suite."""

import time
from collections.abc import Callable

import httpx

INTERVAL_SECONDS = 0.05


def await_true(condition: Callable[[], object], seconds: float) -> None:
    """Return once the condition holds; AssertionError after `seconds`.

    A condition may ask a server that starts, builds or is replaced. No answer yet (refused, closed or timed out) counts
    as not true; the last reason is in the message.
    """
    deadline = time.monotonic() + seconds
    while True:
        reason: Exception | None = None
        try:
            if condition():
                return
        except (httpx.TransportError, ConnectionError, TimeoutError) as error:
            reason = error
        assert time.monotonic() < deadline, f"not true after {seconds:g} s{f': {reason!r}' if reason else ''}"
        time.sleep(INTERVAL_SECONDS)
