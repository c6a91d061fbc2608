"""Passes on what a part writes to its standard output, line by line, whatever it writes."""

import sys
from collections.abc import Callable

LONGEST_LINE = 8 * 1024
"""Bytes of a line that are passed on; the rest of it is dropped."""


class Output:
    """The output of one process. Its first line only says that it is ready, and is kept as `said`."""

    def __init__(self, name: str, write: Callable[[str], object] | None = None) -> None:
        self._name = name
        self._write = write or (lambda text: sys.stderr.write(text))
        self._line = bytearray()
        self._cut = False
        self.said: str | None = None

    def feed(self, chunk: bytes) -> None:
        """Take what was read, in pieces of any size."""
        *whole, rest = chunk.split(b"\n")
        for piece in whole:
            self._add(piece)
            self._end_line()
        self._add(rest)

    def finish(self) -> None:
        """There is no more: pass on a last line without its end."""
        if self._line:
            self._end_line()

    def _add(self, piece: bytes) -> None:
        room = LONGEST_LINE - len(self._line)
        self._cut = self._cut or len(piece) > room
        self._line += piece[:room]

    def _end_line(self) -> None:
        text = self._line.decode(errors="replace") + (" [line cut]" if self._cut else "")
        self._line.clear()
        self._cut = False
        if self.said is None:
            self.said = text
        else:
            self._write(f"{self._name}: {text}\n")
