"""`manage.py up`: the whole site on one machine, as one tree of processes."""

import asyncio
import fcntl
import os
import signal
import socket
import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aiohttp
from django.conf import settings
from django.core.checks import Tags
from django.core.management import CommandError, call_command
from django.core.management.base import BaseCommand
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from catalogue import server, static_files
from catalogue.labs.embedded import process
from catalogue.supervisor import Part, PartFailedError, Supervisor

HOST = "127.0.0.1"


class Command(BaseCommand):
    help = "Start the embedded AWS, the web server, the mail loop and the labs' janitor; restart what dies."
    requires_system_checks = ()  # some ask the database, so `handle` runs them once its folder is there

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--host", default=HOST, help="address to listen on (default: this machine only)")
        parser.add_argument("--port", type=int, default=settings.PORT, help="the web server's port")
        parser.add_argument("--workers", type=int, default=1, help="processes of the web server")

    def handle(self, *args: Any, host: str, port: int, workers: int, **options: Any) -> None:
        refuse_taken_port(host, port)
        if "SITE_URL" not in os.environ:
            settings.SITE_URL = f"http://{HOST}:{port}"  # as the processes will read it from PORT
        settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
        # Content is checked whole by `manage.py check`; a start need not wait for it: a broken pattern is left out.
        self.check(tags=["labs", "newsletter", Tags.models, Tags.templates])
        with only_one(), noted(port):
            if migrations_wait():
                call_command("migrate", verbosity=0)
            if not settings.DEBUG:
                static_files.collect()
            try:
                asyncio.run(supervise(parts(host, port, workers), f"http://{host}:{port}/"))
            except PartFailedError as failure:
                raise CommandError(str(failure)) from None


def migrations_wait() -> bool:
    """Whether `migrate` has anything to do: it takes most of a second to find out by itself."""
    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def parts(host: str, port: int, workers: int) -> list[Part]:
    """The processes of the site in the order of their start; all of them know the same addresses."""
    shared = {"PORT": str(port)}
    manage = [sys.executable, sys.argv[0]]
    tree: list[Part] = []
    if settings.LABS_TARGET == "embedded":
        emulator_port = free_port()
        shared["EMBEDDED_AWS_URL"] = f"http://{HOST}:{emulator_port}"
        host_command = process.command(emulator_port)
        tree.append(Part("embedded AWS", host_command, shared))
    web = server.command(host, port, workers)
    tree.append(Part("web", web, shared, ready=lambda: answers(f"http://{HOST}:{port}/healthz")))
    if not settings.DEBUG:
        tree.append(Part("pages", [*manage, "build", "--lenient", "--verbosity", "0"], shared, needed=False, once=True))
    tree.append(Part("mail loop", [*manage, "newsletter_loop"], shared, needed=False))
    tree.append(Part("labs janitor", [*manage, "labs_janitor"], shared, needed=False))
    return tree


async def supervise(tree: list[Part], url: str) -> None:
    supervisor = Supervisor(tree, lambda: print(f"Serverless Patterns is running at {url}", flush=True))
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, supervisor.stop)
    await supervisor.run()


async def answers(url: str) -> bool:
    try:
        async with (
            aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=2)) as session,
            session.get(url) as response,
        ):
            return response.status == 200
    except (aiohttp.ClientError, TimeoutError):
        return False


def refuse_taken_port(host: str, port: int) -> None:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} on {host} cannot be used ({os.strerror(error.errno or 0)}): "
                f"choose another one, as in `make run PORT={port + 1}`."
            ) from None
        except OverflowError:
            raise CommandError(f"Port {port} does not exist: choose one from 1 to 65535.") from None


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


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
    """Two trees over one database would each take the other's labs for lost."""
    with (settings.VAR_DIR / "up.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CommandError(
                f"`manage.py up` already runs on {settings.VAR_DIR}: stop it, or set another VAR_DIR."
            ) from None
        yield
