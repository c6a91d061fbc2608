"""wrk against one address: how many answers a second, how late the slowest, and what failed."""

import json
import shutil
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Load:
    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int
    """Answers that were not the expected one, timeouts, and errors of the connection."""


def missing() -> str:
    """Why this cannot be measured here; empty if it can."""
    return "" if shutil.which("wrk") else "wrk is not installed (on Debian: apt install wrk)"


def load(url: str, seconds: float, headers: Mapping[str, str], length: int) -> Load:
    """One thread with 16 connections, each of which sends the next request after the answer.

    Every answer should take `length` bytes (see `whole_length`). wrk by itself calls any 2xx and 3xx good, and to look
    at each would slow it down, so the sum tells: where it is not that of such answers, with those that were under way
    at the end, at least one was another.
    """
    told = _wrk(url, seconds, headers)
    rate = told["requests"] / told["seconds"]
    failed = told["failed"] or int(not all_alike(told["requests"], told["bytes"], length))
    return Load(told["requests"], rate, told["p50"], told["p99"], failed)


def all_alike(requests: int, received: int, length: int) -> bool:
    """Whether so many answers, and parts of at most one more for each connection, can have had this length each."""
    return requests * length <= received <= (requests + CONNECTIONS) * length


def warm(url: str, seconds: float, headers: Mapping[str, str], status: int) -> int:
    """The same, not measured, with a look at each answer: how many failed or had another status."""
    return int(_wrk(url, seconds, headers, str(status))["failed"])


def whole_length(url: str, headers: Mapping[str, str], status: int) -> int:
    """The bytes of one answer with its head, on a connection that stays open. Raises ValueError at another status."""
    parts = urlsplit(url)
    assert parts.hostname is not None
    lines = [
        f"GET {parts.path} HTTP/1.1",
        f"Host: {parts.netloc}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    with socket.create_connection((parts.hostname, parts.port or 80), timeout=20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        with connection.makefile("rb") as answer:
            head = list(iter(answer.readline, b"\r\n"))
            if int(head[0].split()[1]) != status:
                raise ValueError(f"{url} answers {head[0].decode().strip()}, not {status}")
            told = [line for line in head if line.lower().startswith(b"content-length:")]
            body = int(told[0].split(b":")[1]) if told and status != 304 else 0
            return sum(map(len, head)) + 2 + len(answer.read(body))


def clients(url: str, seconds: float, connections: int, status: int) -> Load:
    """So many clients, each of which sends the next request after the answer, with a look at each answer's status."""
    seen = _wrk(url, seconds, {}, str(status), connections=connections)
    rate = seen["requests"] / seen["seconds"]
    return Load(seen["requests"], rate, seen["p50"], seen["p99"], int(seen["failed"]))


def mixed(url: str, seconds: float, requests: Path, *, look: bool = False) -> Load:
    """The requests of a file (see wrk.lua) in turn, on 16 connections; `look` at each answer for a status of 200.

    Otherwise only answers of 400 and more, timeouts and errors of the connection count as failed.
    """
    told = _wrk(url, seconds, {}, "200" if look else "-", str(requests))
    return Load(told["requests"], told["requests"] / told["seconds"], told["p50"], told["p99"], int(told["failed"]))


def _wrk(
    url: str, seconds: float, headers: Mapping[str, str], *arguments: str, connections: int = CONNECTIONS
) -> dict[str, Any]:
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "-s", str(SCRIPT), *sent, url, "--", *arguments]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    told: dict[str, Any] = json.loads(out.strip().splitlines()[-1])
    return told
