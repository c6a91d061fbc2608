"""What came of fuzzed requests."""

from collections import Counter
from dataclasses import dataclass, field

LAB_FAILED = '{"message": "Internal server error"}'
"""What API Gateway answers, with 502, for a function that failed."""


@dataclass
class Report:
    sent: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)
    """Requests that were answered 5xx, in words."""
    hung: list[str] = field(default_factory=list)

    def note(self, request: str, status: int, body: str) -> None:
        """Note one answer. 503 with a reason is a failure too: nothing of the site is away here."""
        self.sent += 1
        self.statuses[status] += 1
        if status >= 500 and not (status == 502 and body == LAB_FAILED):
            self.broken.append(f"{request}: {status} {body[:200]}")

    def note_hung(self, request: str, error: str) -> None:
        self.sent += 1
        self.hung.append(f"{request}: {error}")

    def lines(self) -> list[str]:
        """The statuses, and the first of what went wrong."""
        return [f"answers by status: {dict(sorted(self.statuses.items()))}", *self.broken[:10], *self.hung[:10]]
