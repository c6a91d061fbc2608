"""Whether this process's last attempt reached the mail server. The log has one line for each change."""

import logging
import threading

log = logging.getLogger(__name__)


class Reachability:
    """Shared by all connections of a process, which may have a thread each."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._reason: str | None = None
        self._attempts = 0

    @property
    def away(self) -> bool:
        """Whether the last attempt failed."""
        return self._reason is not None

    def failed(self, error: Exception) -> None:
        """An attempt to connect failed."""
        with self._lock:
            self._attempts += 1
            if self._reason is None:
                log.warning("No connection to the mail server: %s. Mail waits, and more attempts follow.", error)
            self._reason = str(error)

    def succeeded(self) -> None:
        """A connection was made."""
        if self._reason is None:
            return
        with self._lock:
            if self._reason is not None:
                log.warning("The mail server answers again, after %d failed attempts", self._attempts)
                self._reason, self._attempts = None, 0


mail_server = Reachability()
"""Of this process."""
