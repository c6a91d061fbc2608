"""What an examination tells."""

import enum
from dataclasses import dataclass


class Grade(enum.Enum):
    GOOD = "ok"
    WARNING = "warning"
    WRONG = "wrong"
    PASSED_OVER = "not examined"


@dataclass(frozen=True)
class Finding:
    grade: Grade
    what: str
    remedy: str = ""


def good(what: str) -> Finding:
    return Finding(Grade.GOOD, what)


def warning(what: str, remedy: str) -> Finding:
    return Finding(Grade.WARNING, what, remedy)


def wrong(what: str, remedy: str) -> Finding:
    return Finding(Grade.WRONG, what, remedy)


def passed_over(what: str) -> Finding:
    return Finding(Grade.PASSED_OVER, what)
