"""Waiting for what a stack does by itself."""

import time
from collections.abc import Callable


def until(true: Callable[[], bool], within: float = 20) -> None:
    """Wait until it is true; fails after so many seconds."""
    deadline = time.monotonic() + within
    while not true():
        assert time.monotonic() < deadline, f"not within {within:g} s"
        time.sleep(0.05)
