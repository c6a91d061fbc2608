"""Database and AWS calls of asynchronous code: in threads of their own, so that no event loop waits for them."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from django.db import close_old_connections

_THREADS = 16
_executor = ThreadPoolExecutor(_THREADS, thread_name_prefix="labs")


async def in_database[**P, T](function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `function` in one of the labs' threads, each of which keeps a database connection of its own."""

    def call() -> T:
        close_old_connections()
        return function(*args, **kwargs)

    return await asyncio.get_running_loop().run_in_executor(_executor, call)
