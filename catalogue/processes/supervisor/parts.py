"""What the supervisor keeps running."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

PATIENCE_SECONDS = 15.0
START_SECONDS = 30.0
STOP_SECONDS = 5.0


class PartFailedError(Exception):
    """A part ended or stayed silent before it was ready."""


@dataclass(frozen=True)
class Part:
    name: str
    command: Sequence[str]
    """What is executed; of a copy, what process lists show."""
    environment: Mapping[str, str] = field(default_factory=dict)
    beats: bool = False
    """Whether it sends heartbeats: it is ready at the first, and hangs when none has come for `patience`."""
    answers: Callable[[float], Awaitable[bool]] | None = None
    """Asks it whether it is well, taking at most so many seconds; it hangs when every answer of `patience` was no."""
    patience: float = PATIENCE_SECONDS
    """Seconds without a sign of life after which it is taken to hang. Far longer than a busy machine may need."""
    stop_seconds: float = STOP_SECONDS
    """How long it may take to end after SIGTERM."""
    needed: bool = True
    """Whether the tree is up only once this is; the others are started after those."""
    once: bool = False
    """Whether it is a piece of work that ends, and is not started again."""
    used_by_others: bool = False
    """Whether it is stopped only once all others have ended."""
    restart_code: int | None = None
    """An exit code by which it asks to be started afresh. That is no failure: the log has its own last line alone."""
    pass_fds: tuple[int, ...] = ()
    """Descriptors that it inherits, such as a listening socket. A copy needs those of everything imported before."""
    work: Callable[[], None] | None = None
    """What a copy of this process does in place of executing the command, where processes can be copied."""
