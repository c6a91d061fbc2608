"""Reads a stack's log on and on, and gives each line once."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from catalogue.labs.targets.base import Resources, Target
from catalogue.labs.watching import gauges
from catalogue.labs.watching.trace import LogLine

_Key = tuple[str, int, int]
"""A line among its function's: stream, timestamp in milliseconds, ordinal among those of this stream and moment."""


@dataclass
class LogTail:
    """The lines of all functions of a stack from `begin_ms` on.

    Each function has a position of its own: they are read one after the other, so one of them may have written before
    the last line of another, and after it was read itself. The end of each is read again every time, since a line may
    appear as late as the target says.
    """

    begin_ms: int
    _since: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, dict[_Key, int]] = field(default_factory=dict)

    def read(self, target: Target, resources: Resources) -> list[LogLine]:
        """The lines not given before, oldest first.

        Raises ClientError, BotoCoreError; then no line counts as given.
        """
        read = {
            logical: gauges.read_log(target, logical, group, self._since.get(logical, self.begin_ms))
            for logical, group in gauges.logging(resources)
        }
        fresh = [line for logical, lines in read.items() for line in self._unseen(logical, lines)]
        for logical, lines in read.items():
            self._move_on(logical, lines, target.log_delay_ms)
        return sorted(fresh, key=lambda line: line.at_ms)  # stable: lines of one moment keep their order

    def _unseen(self, logical: str, lines: list[LogLine]) -> Iterator[LogLine]:
        ordinals: Counter[tuple[str, int]] = Counter()
        seen = self._seen.setdefault(logical, {})
        for line in lines:
            ordinals[line.stream, line.at_ms] += 1
            key = (line.stream, line.at_ms, ordinals[line.stream, line.at_ms])
            if key not in seen:
                seen[key] = line.at_ms
                yield line

    def _move_on(self, logical: str, lines: list[LogLine], delay_ms: int) -> None:
        if lines:
            since = max(self._since.get(logical, self.begin_ms), lines[-1].at_ms - delay_ms)
            self._since[logical] = since
            self._seen[logical] = {key: at for key, at in self._seen[logical].items() if at >= since}
