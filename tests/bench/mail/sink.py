"""A mail server that takes everything: says its port, then, for each line it reads, how many mails came since."""

import asyncio
import sys
from typing import Any

from aiosmtpd.smtp import SMTP


class Counter:
    taken = 0

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.taken += 1
        return "250 OK"


async def main() -> None:
    counter = Counter()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(counter), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(counter.taken, flush=True)
        counter.taken = 0


if __name__ == "__main__":
    asyncio.run(main())
