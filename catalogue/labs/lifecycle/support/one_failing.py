"""For rounds over many things: one that fails is logged, and does not keep the round from the others."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from catalogue.base.backends.faults import is_storage_fault
from catalogue.labs.lifecycle.support.rate_limited_log import RateLimitedLog
from catalogue.labs.targets.base import TargetDown

errors = RateLimitedLog(logging.getLogger(__name__))


@contextmanager
def one_failing(what: str) -> Iterator[None]:
    """What fails inside the block is tried again in the next round. Storage that is away ends the round: that goes on.

    An emulator that is away is no error: the code that needs it reports that elsewhere.
    """
    try:
        yield
    except TargetDown:
        pass
    except Exception as error:
        if is_storage_fault(error):
            raise
        errors.exception(what, error)
