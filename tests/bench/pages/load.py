"""wrk against one address: how many answers a second, how late the slowest, and what failed."""

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CONNECTIONS = 16
SCRIPT = Path(__file__).with_name("wrk.lua")


@dataclass(frozen=True)
class Load:
    requests: int
    per_second: float
    p50_ms: float
    p99_ms: float
    failed: int
    """Answers outside of 2xx and 3xx, timeouts, and errors of the connection."""


def missing() -> str:
    """Why this cannot be measured here; empty if it can."""
    return "" if shutil.which("wrk") else "wrk is not installed (on Debian: apt install wrk)"


def load(url: str, seconds: float, headers: Mapping[str, str]) -> Load:
    """One thread with 16 connections, each of which sends the next request after the answer."""
    sent = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds:g}s", "-s", str(SCRIPT), *sent, url]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    told = json.loads(out.strip().splitlines()[-1])
    rate = told["requests"] / told["seconds"]
    return Load(told["requests"], rate, told["p50"], told["p99"], told["failed"])
