"""The emulator's own process: `python -m catalogue.labs.embedded.host [--host ADDRESS] [--port N] [--folder DIR]`.

It replaces its environment by a fixed one, since every handler that it runs inherits it, listens on 127.0.0.1, and on
another address where one is given, keeps all its files in a folder of its own under DIR, and prints one line
`{"port": …, "boot_id": …}` once a first deployment has gone through. SIGTERM, or the end of the process that started
it, ends it: no worker and no folder stays.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import logging
import os
import resource
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
import time
import traceback
from pathlib import Path
from typing import Any, NoReturn, cast

from catalogue.labs.embedded.access import site_endpoint
from catalogue.labs.embedded.access.boot_keys import BootKeys, keys_of_boot
from catalogue.labs.embedded.access.guard import guard
from catalogue.labs.embedded.calls.warmup import warm_up
from catalogue.labs.embedded.confinement import isolation as isolation_module
from catalogue.labs.embedded.confinement import keeper
from catalogue.labs.embedded.confinement.network import Network
from catalogue.labs.embedded.counting.usage_endpoint import usage_endpoint
from catalogue.labs.embedded.peek_endpoint import peek_endpoint
from catalogue.labs.embedded.recycle import RECYCLED, Recycler
from catalogue.labs.embedded.workers import kept_zygote, worker_start
from catalogue.processes import kernel as processes

_CLEAN = "EMBEDDED_AWS_PARENT"
_HANDED = "EMBEDDED_AWS_SECRET_AT"
"""Number of the pipe that holds the secret of `site_endpoint`."""
LOOPBACK = "127.0.0.1"
_EVERYWHERE = "0.0.0.0"  # noqa: S104  (compared with)
_END_SECONDS = 1.0
_PROJECT = Path(__file__).resolve().parents[3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=None, help="default: embedded/ under VAR_DIR")
    parser.add_argument("--host", default=LOOPBACK, help="an address of a private network, for other machines")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--workers", type=int, default=120, help="most processes of functions that live at once")
    parser.add_argument("--memory", type=int, default=0, help="MiB above which an idle process ends; 0: never")
    parser.add_argument("--isolation", choices=("auto", "require", "off"), default="auto")
    parser.add_argument("--user", default="", help="another user to run as, when started by root")
    options = parser.parse_args()
    if os.environ.get(_CLEAN) is None:
        _start_over(options)

    secret = site_endpoint.take_over(int(os.environ.pop(_HANDED)))
    _end_with_the_parent()
    try:
        listening = _bound(options.host, options.port)
        folder = _own_folder(options.folder)
    except OSError as error:  # in place of the line that says that it is ready, so that who started it can say why
        _say(f"{error.filename or f'port {options.port} of {options.host}'} cannot be used: {error.strerror}.")
        raise SystemExit(1) from None
    try:
        isolation = isolation_module.choose(options.isolation, options.user, folder)
    except isolation_module.NotIsolated as refused:
        shutil.rmtree(folder, ignore_errors=True)
        raise SystemExit(str(refused)) from None
    print(isolation.line, file=sys.stderr, flush=True)
    if isolation.uid is not None and not isolation.namespaces:  # another user gets into nothing below var/
        shutil.rmtree(folder, ignore_errors=True)
        folder = _own_folder(Path(tempfile.gettempdir()), "serverless-patterns-")
    if isolation.uid is not None and isolation.gid is not None:
        os.chown(folder, isolation.uid, isolation.gid)
    if isolation.namespaces:
        keeper.keep(folder, isolation, listening, lambda: _run(listening, folder, secret, options, isolation))
    isolation_module.become(isolation.uid, isolation.gid, signal.SIGTERM)
    _run(listening, folder, secret, options, isolation)


def _run(
    listening: list[socket.socket],
    folder: Path,
    secret: str,
    options: argparse.Namespace,
    isolation: isolation_module.Isolation,
) -> NoReturn:
    """The emulator itself, to its end."""
    code = 1
    try:
        code = asyncio.run(_serve(listening, folder, secret, options.workers, isolation, options.memory))
    except BaseException:
        traceback.print_exc()
    finally:
        if not isolation.namespaces:
            _end_children()
        _empty(folder)
        sys.stdout.flush()
        os._exit(code)  # the emulator's pollers are threads that never end by themselves


def clean_environment() -> dict[str, str]:
    """All that the emulator, and so every handler in it, gets to see of its surroundings."""
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "AUTH": "true",
        "LOG_LEVEL": "ERROR",
        "LAMBDA_WARM_TTL_SECONDS": "60",
        "IOT_MTLS_ENABLED": "0",
        "SFTP_ENABLED": "0",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def _start_over(options: argparse.Namespace) -> None:
    """Replace this process by itself in the clean environment: /proc/<pid>/environ keeps nothing of the old one."""
    folder = (options.folder or _default_folder()).resolve()
    command = [
        *(sys.executable, "-m", "catalogue.labs.embedded.host", "--host", options.host, "--port", str(options.port)),
        *("--folder", str(folder)),
        *(
            "--workers",
            str(options.workers),
            "--memory",
            str(options.memory),
            "--isolation",
            options.isolation,
            "--user",
            options.user,
        ),
    ]
    handed = {_HANDED: str(site_endpoint.hand_over(site_endpoint.site_secret()))}
    os.chdir(_PROJECT)
    os.execve(sys.executable, command, {**clean_environment(), _CLEAN: str(os.getppid()), **handed})  # noqa: S606


def _default_folder() -> Path:
    return Path(os.environ.get("VAR_DIR") or _PROJECT / "var").expanduser() / "embedded"


def _end_with_the_parent() -> None:
    """SIGTERM when the thread that started this process ends (Linux; elsewhere the parent must send it).

    Workers whose zygote has ended become this process's children, for `_end_children` to wait for.
    """
    processes.die_with_parent()
    processes.adopt_orphans()
    if os.environ.pop(_CLEAN) != str(os.getppid()):
        raise SystemExit("The process that started the emulator is gone.")


def _bound(host: str, port: int) -> list[socket.socket]:
    """The socket at this address, and one on the loopback address, where functions look for the emulator.

    They take no connection yet: until this process can answer, connections are refused and do not wait. Raises OSError.
    """
    asked = _socket(host, port)
    port = asked.getsockname()[1]
    return [asked] if host in (LOOPBACK, _EVERYWHERE) else [asked, _socket(LOOPBACK, port)]


def _socket(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # asyncio sends at once where it is named
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind((host, port))
    bound.set_inheritable(True)
    return bound


def _own_folder(parent: Path, prefix: str = "") -> Path:
    """A fresh folder named after this process; those of hosts that were killed are removed. Raises OSError."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.glob(f"{prefix}*-*"):
        pid = left.name.removeprefix(prefix).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-", dir=parent))


def _empty(folder: Path) -> None:
    """Remove the folder; where it is mounted, all that is in it."""
    for entry in folder.iterdir():
        with contextlib.suppress(OSError):
            entry.unlink() if not entry.is_dir() or entry.is_symlink() else shutil.rmtree(entry, ignore_errors=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


async def _serve(
    listening: list[socket.socket],
    folder: Path,
    secret: str,
    most_workers: int,
    isolation: isolation_module.Isolation,
    most_mib: int = 0,
) -> int:
    """Returns the exit code."""
    port = str(listening[0].getsockname()[1])
    for name in ("TMPDIR", "HOME", "STATE_DIR", "S3_DATA_DIR"):
        os.environ[name] = str(folder)
    os.environ |= {"GATEWAY_PORT": port, "EDGE_PORT": port, "LAMBDA_ACCOUNT_CONCURRENCY": str(most_workers)}
    tempfile.tempdir = None
    network = Network(int(port)) if isolation.namespaces else None
    if network:
        isolation_module.become(isolation.uid, isolation.gid, signal.SIGKILL)
        network.give_up_capabilities()
    zygote = kept_zygote.begin(_say, worker_start.shut_in(network, folder))  # it imports while this process does

    sys.modules["docker"] = None  # type: ignore[assignment]  # 8 MiB for containers that no lab may start
    from ministack.app import app

    # These patch MiniStack, which is imported only after the isolation has begun.
    from catalogue.labs.embedded import serving
    from catalogue.labs.embedded.access import callers, permissions
    from catalogue.labs.embedded.calls import invocations, stream_pollers, warm_calls
    from catalogue.labs.embedded.counting import usage
    from catalogue.labs.embedded.fixes import fidelity, forget
    from catalogue.labs.embedded.gateway import (
        authorizer_cache,
        function_urls,
        payloads,
        request_validation,
        stage_cache,
        websockets,
    )
    from catalogue.labs.embedded.workers import memory_limit, python_runtime, workers

    for chatty in ("kms", "samtranslator.metrics.metrics"):
        logging.getLogger(chatty).setLevel(logging.ERROR)  # warnings that concern no pattern
    boot_id = secrets.token_hex(8)
    keys = keys_of_boot(secret, boot_id)
    callers.install(keys)
    permissions.install()
    counter = usage.install(keys.access_key)  # the first: it counts what the others let through
    invocations.install()
    warm_calls.install()
    python_runtime.install()
    fidelity.install()  # measures the handler's time without the wait for its lines
    payloads.install()
    request_validation.install()
    stage_cache.install()
    stream_pollers.install()
    authorizer_cache.install()
    worker_start.install(zygote, only=isolation.namespaces)
    workers.install(most_workers)
    forget.install(counter)
    function_urls.install()
    websockets.install()
    if sys.platform == "linux":
        memory_limit.install()
    _raise_file_limit()

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)

    for each in listening:
        each.listen(512)
    threading.Thread(target=_announce, args=(port, boot_id, keys), daemon=True).start()
    recycler = Recycler(most_mib)
    own = peek_endpoint(usage_endpoint(app, counter, secret), secret)
    guarded = cast("Any", guard(recycler.app(own), boot_id, recycler.work_comes))

    async def recycle() -> None:
        _say(await recycler.until_large_and_idle())
        stop.set()

    recycling = asyncio.create_task(recycle())
    try:
        await serving.serve(guarded, [*listening, *([network.listening] if network else [])], stop)
    finally:
        recycling.cancel()
        if zygote is not None:
            zygote.stop()
    return RECYCLED if recycler.closing else 0


def _announce(port: str, boot_id: str, keys: BootKeys) -> None:
    try:
        warm_up(f"http://{LOOPBACK}:{port}", keys)
    except OSError as error:
        print(f"The emulator's first deployment failed: {error}", file=sys.stderr)
    gc.collect()
    gc.freeze()  # what is loaded now stays; no later collection has to look at it
    processes.trim_memory()
    print(json.dumps({"port": int(port), "boot_id": boot_id}), flush=True)


def _say(line: str) -> None:
    """A line for the log. What comes after the first line of output goes there."""
    print(line, flush=True)


def _raise_file_limit() -> None:
    """Every worker holds three pipes: lift the soft limit of open files to the hard one."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _end_children() -> None:
    """End workers, and what they have left: asked first, killed after `_END_SECONDS`, since one that is stopped hears
    nothing. Those whose zygote has ended were adopted."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in processes.children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + _END_SECONDS
        while not processes.reap_all() and time.monotonic() < deadline:
            time.sleep(0.01)


if __name__ == "__main__":
    main()
