"""Requests as a crowd sends them: many addresses, browsers and cookies, so that hardly one repeats another's bytes."""

import random
import uuid
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

COUNT = 5000
_SEED = 20261130
_SYSTEMS = (
    "X11; Linux x86_64",
    "Windows NT 10.0; Win64; x64",
    "Macintosh; Intel Mac OS X 10_15_7",
    "Linux; Android 16; Pixel 9",
    "iPhone; CPU iPhone OS 19_0 like Mac OS X",
)
_LANGUAGES = ("en-US,en;q=0.9", "de-DE,de;q=0.8,en;q=0.5", "fr", "ja,en-US;q=0.7", "pt-BR,pt;q=0.9,en;q=0.4")
_ACCEPT = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


def requests(address: str, paths: Sequence[str]) -> list[bytes]:
    """`COUNT` whole requests to a server for these paths, each with an agent, a language and a cookie. The same each
    time, and for two servers with as many paths the same but for host and path."""
    choose = random.Random(_SEED)
    made = []
    for _ in range(COUNT):
        path = paths[choose.randrange(len(paths))]
        system, version = choose.choice(_SYSTEMS), choose.randrange(120, 160)
        agent = f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"
        cookie = f"visitor={uuid.UUID(int=choose.getrandbits(128))}; theme={choose.choice(('light', 'dark'))}"
        lines = (
            f"GET {path} HTTP/1.1",
            f"Host: {urlsplit(address).netloc}",
            f"User-Agent: {agent}",
            f"Accept: {_ACCEPT}",
            f"Accept-Language: {choose.choice(_LANGUAGES)}",
            "Accept-Encoding: gzip",
            f"Cookie: {cookie}",
            "Sec-Fetch-Mode: navigate",
        )
        made.append("\r\n".join((*lines, "", "")).encode())
    return made


def write(file: Path, requests: Sequence[bytes]) -> Path:
    """The file that wrk.lua reads: each request and a zero byte."""
    file.write_bytes(b"".join(request + b"\0" for request in requests))
    return file
