"""The process that functions' workers are copies of: it has imported boto3 once, and runs no function itself.

Starting Python and importing boto3 takes a worker some 0.3 s of processor; a copy of a process that has done both
takes a few milliseconds, and shares what it does not change with all others. The host (`worker_start`) runs this file
by its path, so that nothing of the project stands in a function's way.

It answers on the socket whose number it is given: to a request `{"command", "folder", "environment", "cell"}`, sent
with the worker's standard input, output and error, with the worker's pidfd, or with `{"error"}`; to a message without
these three with `{}`. It ends with its host.
"""

import contextlib
import gc
import importlib.util
import json
import os
import runpy
import select
import signal
import socket
import sys
from pathlib import Path
from typing import Any

REQUEST_BYTES = 128 * 1024
"""Environment variables of a function may have 4 KB, and what surrounds them is less:
https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html"""
_REAP_SECONDS = 1.0
_PR_SET_PDEATHSIG = 1


def main() -> None:
    control = socket.socket(fileno=int(sys.argv[1]))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # sent to the whole group; the host says when this one ends
    _end_with_the_host()
    cell = _load_beside("cell")
    _import_what_functions_use()
    gc.collect()
    gc.freeze()  # or the copies' collections would write into what they share
    asked = _fork_on_demand(control, cell)
    if asked is not None:
        _become(asked)


def _end_with_the_host() -> None:
    """Have the kernel end this process when the thread that started it ends, also while this one is stopped."""
    if sys.platform == "linux":
        # Only Linux has prctl.
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _import_what_functions_use() -> None:
    """Making a client imports what boto3 leaves until then."""
    import boto3

    # With made-up credentials, or it would look for real ones.
    boto3.session.Session().client(
        "dynamodb",
        region_name="us-east-1",
        aws_access_key_id="none",
        aws_secret_access_key="none",  # noqa: S106
    )


def _load_beside(name: str) -> Any:
    """A module of this folder, under no name that a function's own could have."""
    spec = importlib.util.spec_from_file_location(f"_zygote_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _fork_on_demand(control: socket.socket, cell: Any) -> dict[str, Any] | None:
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
        if not streams:
            control.send(b"{}")  # it was only asked whether it answers
            continue
        try:
            pid = os.fork()
        except OSError as error:
            _refuse(control, str(error))
        else:
            if pid == 0:
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                asked: dict[str, Any] = json.loads(message)
                _shut_in_and_tell(control, cell, asked["cell"])
                control.close()
                for number, stream in enumerate(streams):
                    os.dup2(stream, number)
                    os.close(stream)
                return asked
            if os.waitpid(pid, 0)[1]:
                _refuse(control, "The worker could not be shut in.")
        for stream in streams:
            os.close(stream)


def _refuse(control: socket.socket, why: str) -> None:
    socket.send_fds(control, [json.dumps({"error": why}).encode()], [])


def _shut_in_and_tell(control: socket.socket, cell: Any, wanted: dict[str, Any] | None) -> None:
    """Returns in the worker; the process in between tells the host of it and ends.

    A worker is no one's child but the host's, which so learns how it has ended.
    """
    try:
        if wanted:
            cell.new_processes()
        reading, writing = os.pipe()
        worker = os.fork()
        if worker == 0:
            os.close(writing)
            os.read(reading, 1)  # until the process in between is gone
            os.close(reading)
            if wanted:
                cell.enter(wanted)
            return
        pidfd = os.pidfd_open(worker)
        socket.send_fds(control, [json.dumps({"pid": worker}).encode()], [pidfd])
    except BaseException as error:
        sys.stderr.write(f"The emulator's zygote: {error}\n")
        os._exit(1)
    os._exit(0)


def _reap() -> None:
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _become(asked: dict[str, Any]) -> None:
    """Run the command; a script of Python's without starting Python again."""
    command, environment = asked["command"], asked["environment"]
    script = command[-1]
    os.chdir(asked["folder"])
    if command[0] != sys.executable or _needs_its_own_start(Path(asked["folder"]), environment):
        os.execvpe(command[0], command, environment)  # noqa: S606
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
