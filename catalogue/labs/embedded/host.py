"""The emulator's own process: `python -m catalogue.labs.embedded.host [--port N] [--folder DIR] [--workers N]`.

It replaces its environment by a fixed one, since every handler that it runs inherits it, listens on 127.0.0.1,
keeps all its files in a folder of its own under DIR, and prints one line `{"port": …, "boot_id": …}` once a first
deployment has gone through. SIGTERM, or the end of the process that started it, ends it: no worker and no
folder stays.
"""

import argparse
import asyncio
import contextlib
import ctypes
import json
import logging
import os
import secrets
import shutil
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, cast

from catalogue.labs.embedded import uses_door, worker_start
from catalogue.labs.embedded.guard import guard
from catalogue.labs.embedded.warmup import warm_up

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_CLEAN = "EMBEDDED_AWS_PARENT"
_HANDED = "EMBEDDED_AWS_SECRET_AT"
"""Number of the pipe that holds the secret of `uses_door`."""
_PROJECT = Path(__file__).resolve().parents[3]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--folder", type=Path, default=None, help="default: embedded/ under VAR_DIR")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--workers", type=int, default=120, help="most processes of functions that live at once")
    options = parser.parse_args()
    if os.environ.get(_CLEAN) is None:
        _start_over(options.port, options.folder or _default_folder(), options.workers)

    secret = uses_door.take_over(int(os.environ.pop(_HANDED)))
    _end_with_the_parent()
    listening = _listen(options.port)
    folder = _own_folder(options.folder)
    try:
        asyncio.run(_serve(listening, folder, secret, options.workers))
    finally:
        _end_children()
        shutil.rmtree(folder, ignore_errors=True)
        sys.stdout.flush()
        os._exit(0)  # the emulator's pollers are threads that never end by themselves


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


def _start_over(port: int, folder: Path, most_workers: int) -> None:
    """Replace this process by itself in the clean environment: /proc/<pid>/environ keeps nothing of the old one."""
    module = ["-m", "catalogue.labs.embedded.host", "--port", str(port), "--folder", str(folder.resolve())]
    command = [sys.executable, *module, "--workers", str(most_workers)]
    handed = {_HANDED: str(uses_door.hand_over(uses_door.site_secret()))}
    os.chdir(_PROJECT)
    os.execve(sys.executable, command, {**clean_environment(), _CLEAN: str(os.getppid()), **handed})  # noqa: S606


def _default_folder() -> Path:
    return Path(os.environ.get("VAR_DIR") or _PROJECT / "var").expanduser() / "embedded"


def _end_with_the_parent() -> None:
    """SIGTERM when the thread that started this process ends (Linux; elsewhere the parent must send it).

    Workers whose zygote has ended become this process's children, for `_end_children` to wait for.
    """
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1)
    if os.environ.pop(_CLEAN) != str(os.getppid()):
        raise SystemExit("The process that started the emulator is gone.")


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind(("127.0.0.1", port))
    except OSError as error:
        raise SystemExit(f"Port {port} of 127.0.0.1 cannot be used: {error.strerror}.") from None
    listening.listen(512)
    listening.set_inheritable(True)
    return listening


def _own_folder(parent: Path) -> Path:
    """A fresh folder named after this process; those of hosts that were killed are removed."""
    parent.mkdir(parents=True, exist_ok=True)
    for left in parent.iterdir():
        pid = left.name.partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            shutil.rmtree(left, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{os.getpid()}-", dir=parent))


async def _serve(listening: socket.socket, folder: Path, secret: str, most_workers: int) -> None:
    port = str(listening.getsockname()[1])
    for name in ("TMPDIR", "HOME", "STATE_DIR", "S3_DATA_DIR"):
        os.environ[name] = str(folder)
    os.environ |= {"GATEWAY_PORT": port, "EDGE_PORT": port, "LAMBDA_ACCOUNT_CONCURRENCY": str(most_workers)}
    tempfile.tempdir = None
    zygote = worker_start.begin()  # it imports while this process does

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app
    from ministack.core import hypercorn_compat

    from catalogue.labs.embedded import (
        authorizer_cache,
        fidelity,
        log_lines,
        request_validation,
        stage_cache,
        usage,
        workers,
    )

    for chatty in ("kms", "samtranslator.metrics.metrics"):
        logging.getLogger(chatty).setLevel(logging.ERROR)  # warnings that concern no pattern
    hypercorn_compat.install()
    counter = usage.install()  # the first: it counts what the others let through
    log_lines.install()
    fidelity.install()  # measures the handler's time without the wait for its lines
    request_validation.install()
    stage_cache.install()
    authorizer_cache.install()
    worker_start.install(zygote)
    workers.install(most_workers)
    _raise_file_limit()

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signum in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(signum, stop.set)

    config = Config()
    config.bind = [f"fd://{listening.detach()}"]
    config.loglevel = "WARNING"
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.2
    config.shutdown_timeout = 1
    boot_id = secrets.token_hex(8)
    threading.Thread(target=_announce, args=(port, boot_id), daemon=True).start()
    await serve(cast("Any", guard(uses_door.door(app, counter, secret), boot_id)), config, shutdown_trigger=stop.wait)


def _announce(port: str, boot_id: str) -> None:
    try:
        warm_up(f"http://127.0.0.1:{port}")
    except OSError as error:
        print(f"The emulator's first deployment failed: {error}", file=sys.stderr)
    print(json.dumps({"port": int(port), "boot_id": boot_id}), flush=True)


def _raise_file_limit() -> None:
    """Every worker holds three pipes: lift the soft limit of open files to the hard one."""
    import resource

    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _end_children() -> None:
    """End zygote and workers: they share this process's group, which nothing else is in."""
    if os.getpgrp() != os.getpid():
        return
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    os.killpg(0, signal.SIGTERM)
    with contextlib.suppress(ChildProcessError):
        for _ in range(1000):
            os.waitpid(-1, 0)


if __name__ == "__main__":
    main()
