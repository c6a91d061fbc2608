"""The process that functions' workers are copies of: it has imported boto3 once, and runs no function itself.

Starting Python and importing boto3 takes a worker some 0.3 s of processor; a copy of a process that has done both
takes a few milliseconds, and shares what it does not change with all others. The host (`worker_start`) runs this file
by its path, so that nothing of the project stands in a function's way.

It answers on the socket whose number it is given: to a request `{"script", "folder", "environment"}`, sent with the
worker's standard input, output and error, with the worker's pidfd, or with `{"error"}`. It ends with its host.
"""

import contextlib
import gc
import json
import os
import runpy
import select
import socket
import sys
from pathlib import Path
from typing import Any

REQUEST_BYTES = 128 * 1024
"""Environment variables of a function may have 4 KB, and what surrounds them is less:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
_REAP_SECONDS = 1.0


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    _import_what_functions_use()
    gc.collect()
    gc.freeze()  # or the copies' collections would write into what they share
    asked = _fork_on_demand(control)
    if asked is not None:
        _become(asked)


def _import_what_functions_use() -> None:
    """Making a client imports what boto3 leaves until then."""
    import boto3

    # With credentials of nobody, or it would look for somebody's.
    boto3.session.Session().client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106
    )


def _fork_on_demand(control: socket.socket) -> dict[str, Any] | None:
    """What a worker was asked to be, in its process; None in the zygote's, at the end."""
    poller = select.poll()
    poller.register(control, select.POLLIN)
    while True:
        asks = poller.poll(_REAP_SECONDS * 1000)
        _reap()
        if not asks:
            continue
        message, streams, _, _ = socket.recv_fds(control, REQUEST_BYTES, 3)
        if not message:
            return None
        try:
            pid = os.fork()
        except OSError as error:
            socket.send_fds(control, [json.dumps({"error": str(error)}).encode()], [])
        else:
            if pid == 0:
                control.close()
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                    os.close(stream)
                asked: dict[str, Any] = json.loads(message)
                return asked
            pidfd = os.pidfd_open(pid)  # it has not been reaped, so this is no other process
            socket.send_fds(control, [json.dumps({"pid": pid}).encode()], [pidfd])
            os.close(pidfd)
        for stream in streams:
            os.close(stream)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(asked: dict[str, Any]) -> None:
    """Run the script as `python script` would."""
    script, environment = asked["script"], asked["environment"]
    os.chdir(asked["folder"])
    if _needs_its_own_start(Path(asked["folder"]), environment):
        os.execve(sys.executable, [sys.executable, script], environment)  # noqa: S606
    os.environ.clear()
    os.environ.update(environment)
    sys.argv = [script]
    sys.path.insert(0, str(Path(script).parent))
    runpy.run_path(script, run_name="__main__")


def _needs_its_own_start(code: Path, environment: dict[str, str]) -> bool:
    """Whether the function has settings of Python, or a module of its own in place of one that is imported here."""
    if any(name.startswith("PYTHON") or name == "_LAMBDA_LAYERS_DIRS" for name in environment):
        return True
    return any(entry.name.partition(".")[0] in sys.modules for entry in code.iterdir())


if __name__ == "__main__":
    main()
