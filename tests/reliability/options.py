"""What the command line says to a scenario."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    minutes: float | None = None
    """Length of a timed scenario; None for its own default."""
    count: int | None = None
    """Repetitions of a counted scenario; None for its own default."""
    seed: int = 1


class CannotRun(Exception):
    """This machine lacks something that the scenario needs; the message says what and how to get it."""
