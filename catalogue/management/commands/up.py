"""`manage.py up`: the whole site on one machine, as one tree of processes."""

import asyncio
import fcntl
import logging
import os
import signal
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from django.conf import settings
from django.core.checks import Tags
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from catalogue.base.backends.checks import TAG
from catalogue.base.var_folder import make_private, require_room
from catalogue.labs.embedded import process
from catalogue.labs.embedded.access.guard import BOOT_PATH
from catalogue.labs.embedded.recycle import RECYCLED
from catalogue.labs.lifecycle.instance import LOCK
from catalogue.labs.targets.emulators.services import has_own_emulator, instance_begins, instance_ends
from catalogue.management import preloaded
from catalogue.observability.prometheus import metric_files
from catalogue.processes import server
from catalogue.processes.apart import run_apart
from catalogue.processes.supervisor import Part, PartFailedError, Supervisor, answers, kill_leftovers
from catalogue.web import static_files

logger = logging.getLogger(__name__)

HOST = "127.0.0.1"
STATE_FILE = "parts.json"
STOP_SECONDS = 15.0
"""For the mail loop to finish the mails that are on the wire, and for the janitor to finish a lab."""


class Command(BaseCommand):
    help = "Start the embedded AWS, the web server, the mail loop and the labs' janitor; restart any part that dies."
    requires_system_checks = ()  # some ask the database, so `handle` runs them once its folder is there

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=HOST, help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="the web server's port")
        parser.add_argument("--workers", type=int, default=1, help="processes of the web server")

    def handle(self, *args: Any, host: str, port: int, workers: int, **options: Any) -> None:
        listening = listen(host, port)
        if "SITE_URL" not in os.environ:
            settings.SITE_URL = f"http://{HOST}:{port}"  # as other processes will read it from PORT
            settings.CSRF_TRUSTED_ORIGINS = [settings.SITE_URL]
        make_private(settings.VAR_DIR)
        require_room(settings.VAR_DIR)
        with only_one(), noted(port):
            for name in kill_leftovers(settings.VAR_DIR / STATE_FILE):
                logger.warning("%s was left over from an earlier start and was killed", name)
            metric_files.clear(settings.VAR_DIR / "metrics")
            os.environ[metric_files.VARIABLE] = str(settings.VAR_DIR / "metrics")
            emulator_port = server.free_port()
            if has_own_emulator():
                os.environ["EMBEDDED_AWS_URL"] = f"http://{HOST}:{emulator_port}"
            opened = preloaded.preload()
            # In copies, because this process lives for weeks and none of its own copies may share a connection.
            run_apart(self._check)
            run_apart(self._prepare)
            opened |= preloaded.preload_site()
            run_apart(instance_begins)
            try:
                asyncio.run(supervise(parts(listening, workers, emulator_port, opened), f"http://{host}:{port}/"))
            except PartFailedError as failure:
                raise CommandError(str(failure)) from None
            finally:
                run_apart(instance_ends)

    def _check(self) -> None:
        # Content is checked whole by `manage.py check`; a start need not wait for it: a broken pattern is left out.
        self.check(tags=[TAG, Tags.database], databases=["default"])  # the first: others ask the database
        self.check(tags=["labs", "newsletter", "observability", Tags.models, Tags.templates])

    def _prepare(self) -> None:
        if migrations_wait():
            call_command("migrate", verbosity=0)
            self.check(tags=["newsletter"])  # some of it compares settings with what the database now holds
        if not settings.DEBUG:
            static_files.collect()


def migrations_wait() -> bool:
    """Whether `migrate` has anything to do: it takes most of a second to find out by itself."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def parts(listening: socket.socket, workers: int, emulator_port: int, opened: Collection[int]) -> list[Part]:
    """The processes of the site in the order of their start; all of them know the same addresses.

    `opened` are the descriptors of what is preloaded.
    """
    shared = {"PORT": str(listening.getsockname()[1])}
    hang = settings.HANG_SECONDS
    tree: list[Part] = []
    if has_own_emulator():
        address = shared["EMBEDDED_AWS_URL"] = f"http://{HOST}:{emulator_port}"
        tree.append(
            Part(
                "embedded AWS",
                process.command(emulator_port),
                environment=shared,
                answers=lambda seconds: answers(address + BOOT_PATH, seconds),
                patience=hang,
                used_by_others=True,
                restart_code=RECYCLED,
            )
        )
    for number in range(1, workers + 1):
        tree.append(
            Part(
                "web" if workers == 1 else f"web {number}",
                server.command(listening.fileno()),
                environment=shared,
                beats=True,
                patience=hang,
                stop_seconds=server.GRACEFUL_SECONDS + 3,
                pass_fds=(listening.fileno(), *opened),
                work=partial(preloaded.serve, listening),
            )
        )
    manage = [sys.executable, sys.argv[0]]
    if not settings.DEBUG:
        build = ["build", "--lenient", "--verbosity", "0"]
        tree.append(
            Part(
                "pages",
                [*manage, *build],
                work=partial(preloaded.command, build),
                environment=shared,
                needed=False,
                once=True,
                pass_fds=tuple(opened),
            )
        )
    for name, command in {"mail loop": "newsletter_loop", "labs janitor": "labs_janitor"}.items():
        tree.append(
            Part(
                name,
                [*manage, command],
                work=partial(preloaded.command, [command, "--skip-checks"]),
                environment=shared,
                beats=True,
                patience=hang,
                stop_seconds=STOP_SECONDS,
                needed=False,
                pass_fds=tuple(opened),
            )
        )
    return tree


async def supervise(tree: list[Part], url: str) -> None:
    def ready() -> None:
        print(f"Serverless Patterns is running at {url}", flush=True)

    supervisor = Supervisor(tree, ready, settings.VAR_DIR / STATE_FILE, sole=True)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stop)
    await supervisor.run()


def listen(host: str, port: int) -> socket.socket:
    """The socket that all web processes share. What comes before they serve, or while one is replaced, waits in it."""
    try:
        return server.listen(host, port)
    except OSError as error:
        raise CommandError(
            f"Port {port} on {host} cannot be used ({error.strerror}): "
            f"choose another one, as in `make run PORT={port + 1}`."
        ) from None
    except OverflowError:
        raise CommandError(f"Port {port} does not exist: choose one from 1 to 65535.") from None


@contextmanager
def noted(port: int) -> Iterator[None]:
    """Let commands know the port while the site runs: `catalogue.settings` reads it where PORT is unset."""
    file = settings.VAR_DIR / "port"
    file.write_text(f"{port}\n")
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


@contextmanager
def only_one() -> Iterator[None]:
    """Two trees over one VAR_DIR would be one instance twice. The file holds the process id, for `manage.py drain`."""
    with (settings.VAR_DIR / LOCK).open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"`manage.py up` already runs on {settings.VAR_DIR}: stop it, or set another VAR_DIR."
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        yield
        lock.truncate(0)
