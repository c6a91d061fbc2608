"""A piece of work in a copy of this process, so that what it imports and leaves behind goes with the copy.

A process that lives for weeks need not keep the memory of the checks that it began with.
"""

import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from typing import NoReturn

from catalogue.processes.kernel import die_with_parent


class ApartError(Exception):
    """The copy ended without a result, or with an error that cannot be handed over; its traceback has been printed."""


def run_apart(do: Callable[[], None]) -> None:
    """Call `do` in a copy of this process, wait for its end, and raise here what it raised.

    Its only effects are those outside: files, databases, output. Call it before there are threads or connections,
    which a copy cannot share. Raises ApartError where the error itself cannot be pickled.
    """
    reading, writing = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _as_the_copy(do, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as stream:
        told = stream.read()
    os.waitpid(child, 0)
    if not told:
        raise ApartError("The copy of this process ended before it was done.")
    error: BaseException | None = pickle.loads(told)  # noqa: S301  (written by this program's own copy)
    if error is not None:
        raise error


def _as_the_copy(do: Callable[[], None], writing: int) -> NoReturn:
    """Never returns: what the caller would clean up is the parent's."""
    die_with_parent(signal.SIGKILL)
    try:
        do()
        told = pickle.dumps(None)
    except BaseException as error:
        told = _handed_over(error)
    sys.stdout.flush()
    sys.stderr.flush()
    with os.fdopen(writing, "wb") as stream:
        stream.write(told)
    os._exit(0)


def _handed_over(error: BaseException) -> bytes:
    try:
        told = pickle.dumps(error)
        pickle.loads(told)  # noqa: S301  (some errors are pickled and cannot be made again)
    except Exception:
        traceback.print_exception(error)
        return pickle.dumps(ApartError(repr(error)))
    return told
