"""Prints events of a lab: those so far, or those to come as well."""

import queue
import sys
import threading
import time
from collections.abc import Callable, Iterator

from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.talking.api import Event, LabApi
from catalogue.management.terminal.talking.lines import in_order

_GATHER_SECONDS = 0.25
"""Calls and log lines come by different ways: what comes so close together is put in order first."""


def show(api: LabApi, shown: Callable[[Event], str | None], *, follow: bool) -> int:
    """Print a text for each event that has one. With `follow` until Ctrl-C, or until the stack is gone: its exit code.

    Raises Refused.
    """
    try:
        for event in ordered(api.stream()) if follow else in_order(api.happened()[0]):
            if (text := shown(event)) is not None:
                print(text, flush=True)
    except KeyboardInterrupt:
        return 130
    if follow:
        print("The stack is gone.", file=sys.stderr)
    return 0


def ordered(stream: Iterator[Event]) -> Iterator[Event]:
    """The events of a stream as they happened, a moment late. Raises what the stream raises."""
    read: queue.SimpleQueue[Event | Refused | None] = queue.SimpleQueue()
    threading.Thread(target=_pass_on, args=(stream, read), daemon=True).start()
    while True:
        gathered = [read.get()]
        time.sleep(_GATHER_SECONDS)
        while not read.empty():
            gathered.append(read.get())
        yield from in_order(one for one in gathered if isinstance(one, dict))
        last = gathered[-1]
        if isinstance(last, Refused):
            raise last
        if last is None:
            return


def _pass_on(stream: Iterator[Event], read: "queue.SimpleQueue[Event | Refused | None]") -> None:
    end: Refused | None = None
    try:
        for event in stream:
            read.put(event)
    except Refused as refused:
        end = refused
    except (OSError, ValueError):  # the server has ended, within an event perhaps
        end = None
    read.put(end)
