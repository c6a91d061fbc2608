"""Tries what it is asked to: an AWS operation with its own role, an HTTP request, a look around."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    asked = json.loads(event["body"])
    print(json.dumps({"at": time.time(), "step": "probe", "do": asked["do"]}))
    return {"statusCode": 200, "body": json.dumps(DEEDS[asked.pop("do")](**asked), default=str)}


def aws(
    service: str, operation: str, arguments: dict[str, Any], keys: list[str] | None = None, signed: bool = True
) -> dict[str, Any]:
    """One AWS operation, with its own role, with these keys or unsigned: {"done": answer} or {"refused": code}."""
    session = boto3.Session(*keys or [])
    client: Any = session.client(service, config=Config() if signed else Config(signature_version=UNSIGNED))
    try:
        return {"done": getattr(client, operation)(**arguments)}
    except ClientError as error:
        return {"refused": error.response["Error"]["Code"]}


def request(method: str, target: str) -> dict[str, Any]:
    """One HTTP request to the AWS endpoint with this request target, byte for byte as it was asked for."""
    address = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    connection._validate_path = lambda path: None  # type: ignore[method-assign]
    connection.putrequest(method, target.replace("ENDPOINT", address.netloc), skip_accept_encoding=True)
    connection.putheader("Content-Length", "2")
    connection.endheaders(b"{}")
    answer = connection.getresponse()
    return {"status": answer.status, "body": answer.read(2000).decode("utf-8", "replace")}


def environment() -> dict[str, Any]:
    """All that stands in this process's environment, and in those of every process that it can see."""
    seen = [entry for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return {
        "own": dict(os.environ),
        "parents": [said for process in seen for said in read(process / "environ")],
        "arguments": [said for process in seen for said in read(process / "cmdline")],
        "processes": len(seen),
        "folder": str(Path.cwd()),
    }


def read(file: Path) -> list[str]:
    try:
        return file.read_bytes().decode("utf-8", "replace").split("\0")
    except OSError:
        return []


def look(paths: list[str]) -> list[str]:
    """Those of the paths that can be read or listed."""
    return [path for path in paths if reads(path)]


def reads(path: str) -> bool:
    try:
        if Path(path).is_dir():
            return any(Path(path).iterdir())
        with Path(path).open("rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def write(paths: list[str]) -> list[str]:
    """Those of the paths that can be written."""
    written = []
    for path in paths:
        try:
            Path(path).write_text("x")
            written.append(path)
        except OSError:
            pass
    return written


def connect(ports: list[int]) -> list[int]:
    """Those of this machine's ports that answer."""
    found = []
    for port in ports:
        try:
            socket.create_connection(("127.0.0.1", port), 2).close()
            found.append(port)
        except OSError:
            pass
    return found


def fill(megabytes: int) -> dict[str, Any]:
    """Write so much to /tmp."""
    written = 0
    with tempfile.TemporaryFile(buffering=0) as file:
        try:
            while written < megabytes:
                file.write(b"x" * 1024 * 1024)
                written += 1
        except OSError as error:
            return {"written": written, "refused": os.strerror(error.errno or 0)}
    return {"written": written}


def allocate(megabytes: int) -> dict[str, Any]:
    """Hold so much memory for two seconds."""
    held = [b"x" * 1024 * 1024 * (1 + number % 2) for number in range(megabytes * 2 // 3)]
    time.sleep(2)
    return {"held": sum(map(len, held))}


def leave_behind(mark: str) -> dict[str, Any]:
    """Start a process that does all it can to stay: a session of its own, no parent, no signals but the last."""
    script = "import os, signal, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); os.fork() and os._exit(0);"
    command = [sys.executable, "-c", script + "os.setsid(); time.sleep(300)", mark]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return {}


def multiply(most: int) -> int:
    """How many processes can be started at once."""
    started = []
    try:
        for _ in range(most):
            pid = os.fork()
            if pid == 0:
                time.sleep(30)
                os._exit(0)
            started.append(pid)
    except OSError:
        pass
    for pid in started:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return len(started)


DEEDS = {
    "aws": aws,
    "request": request,
    "environment": environment,
    "look": look,
    "write": write,
    "connect": connect,
    "fill": fill,
    "allocate": allocate,
    "leave_behind": leave_behind,
    "multiply": multiply,
}
