"""Serves an assistant on standard input and output, with labs on an embedded AWS of its own. Needs Django.

The labs' pages and endpoints are served on a loopback port by the same event loop, so a reader can open what the
assistant runs. When the assistant closes its end, everything ends.
"""

import asyncio
import os
import socket
from pathlib import Path

from django.core.management import call_command

from catalogue.labs.embedded import process
from catalogue.management.terminal.refused import Refused
from catalogue.processes import server


def serve_assistant(folder: Path, listening: socket.socket) -> int:
    """Until standard input ends. Raises Refused; KeyboardInterrupt ends it."""
    call_command("migrate", verbosity=0)
    with (folder / "emulator.log").open("w") as log:
        emulator = process.begin(log=log)
        try:
            os.environ["EMBEDDED_AWS_URL"] = process.ready(emulator).url
            asyncio.run(_serve(listening))
        except process.EmulatorDidNotStart as error:
            raise Refused(str(error)) from None
        finally:
            process.stop(emulator)
    return 0


async def _serve(listening: socket.socket) -> None:
    # It sets up Django's applications, which need the settings of `own_site`.
    from catalogue.asgi import application
    from catalogue.labs.assistants.server import assistants_server

    site = server.made_server()
    serving = asyncio.create_task(site.serve(sockets=[listening]))
    speaking = asyncio.create_task(assistants_server(application).run_stdio_async())
    try:
        await asyncio.wait({serving, speaking}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        site.should_exit = True
        speaking.cancel()
        await asyncio.gather(serving, speaking, return_exceptions=True)
