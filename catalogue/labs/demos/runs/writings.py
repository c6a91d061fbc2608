"""Finds many known texts in another in time that grows with its length, not with how many are known: pure."""

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator

TELLING = 8
"""From this length on a text stands for itself: it is also found where it was cut off, by its beginning."""
_FEW = 24
"""So many are quicker looked for one by one."""


class Writings:
    """Known texts, each written in some way and standing for a value."""

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values = dict(sorted(pairs, key=lambda pair: (-len(pair[0]), pair)))
        self._short = [written for written in self._values if len(written) < TELLING]
        self._long = [written for written in self._values if len(written) >= TELLING]
        self._sorted = sorted(self._long)
        self._lengths: dict[str, list[int]] = {}
        for written in self._long:
            lengths = self._lengths.setdefault(written[:TELLING], [])
            if not lengths or lengths[-1] != len(written):
                lengths.append(len(written))  # they come longest first

    def replaced(self, text: str, label: Callable[[str], str]) -> str:
        """The text with each known one, the longest first, and a beginning at its end, replaced by its value's label.

        A text that was cut ends with the beginning of what was cut, perhaps before an ellipsis.
        """
        if len(self._long) <= _FEW:
            for written in self._long:
                if written in text:
                    text = text.replace(written, label(self._values[written]))
        else:
            text = "".join(self._parts(text, label))
        for written in self._short:
            if written in text:
                text = text.replace(written, label(self._values[written]))
        return self._without_beginning(text, label)

    def _parts(self, text: str, label: Callable[[str], str]) -> Iterator[str]:
        done = 0
        for place in self._places(text):
            if place < done:
                continue
            for length in self._lengths[text[place : place + TELLING]]:
                value = self._values.get(text[place : place + length])
                if value is not None:
                    yield text[done:place]
                    yield label(value)
                    done = place + length
                    break
        yield text[done:]

    def _without_beginning(self, text: str, label: Callable[[str], str]) -> str:
        body = text.removesuffix("…")
        if not self._long:
            return text
        longest = len(self._long[0]) - 1
        for place in self._places(body, max(0, len(body) - longest)):
            rest = body[place:]
            at = bisect_left(self._sorted, rest)
            if at < len(self._sorted) and self._sorted[at].startswith(rest):
                return body[:place] + label(self._values[self._sorted[at]]) + text[len(body) :]
        return text

    def _places(self, text: str, first: int = 0) -> list[int]:
        """Where the beginning of a known text stands."""
        lengths = self._lengths
        return [place for place in range(first, len(text) - TELLING + 1) if text[place : place + TELLING] in lengths]
