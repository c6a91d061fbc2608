"""Whether this web process is about to end. Answers that could go on for hours then end by themselves.

Everything here belongs to the event loop's thread.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

_waiting: set[asyncio.Timeout] = set()
_begun = False


def begin() -> None:
    """The process was told to end: every stream ends at its next moment, and one that begins ends at once."""
    global _begun
    _begun = True
    for scope in tuple(_waiting):
        scope.reschedule(0)


async def until_begun[Item](items: AsyncGenerator[Item]) -> AsyncGenerator[Item]:
    """The items, up to the last or until the process is about to end."""
    async with aclosing(items):
        while not _begun:
            try:
                async with asyncio.timeout(None) as scope:  # costs no timer and no task
                    _waiting.add(scope)
                    try:
                        item = await anext(items)
                    finally:
                        _waiting.discard(scope)
            except StopAsyncIteration:
                return
            except TimeoutError:
                if scope.expired():
                    return
                raise
            yield item
