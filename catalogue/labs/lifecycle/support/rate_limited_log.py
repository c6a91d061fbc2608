"""Logging from loops: an error that repeats at every turn is logged once in a while, with how often it was seen."""

import logging
import time


class RateLimitedLog:
    """Logs each kind of error at most once in `seconds`."""

    def __init__(self, logger: logging.Logger, seconds: float = 60.0) -> None:
        self._logger = logger
        self._seconds = seconds
        self._last: dict[str, tuple[float, int]] = {}
        """By kind: when it was logged, and how often it was seen since."""

    def exception(self, what: str, error: BaseException) -> None:
        """Log `what` with the error's traceback, unless the same type of error was logged for it a moment ago."""
        kind = f"{what}: {type(error).__name__}"
        now = time.monotonic()
        at, repeated = self._last.get(kind, (-self._seconds, 0))
        if now - at < self._seconds:
            self._last[kind] = (at, repeated + 1)
            return
        if len(self._last) > 500:
            self._last.clear()
        self._last[kind] = (now, 0)
        more = f" ({repeated} more since it was last logged)" if repeated else ""
        self._logger.error("%s%s", what, more, exc_info=error)
