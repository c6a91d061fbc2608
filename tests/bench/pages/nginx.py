"""nginx with the very bytes and headers that the site has answered, precompressed, as its manual advises."""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.support.site import free_port

OWN = {
    "content-length",
    "content-encoding",
    "content-type",
    "connection",
    "date",
    "etag",
    "last-modified",
    "server",
    "vary",
}
"""Headers that nginx makes itself, of the same kind."""
_START_SECONDS = 10
CONFIGURATION = """\
daemon off;
{user}
worker_processes {workers};
pid {folder}/nginx.pid;
error_log {folder}/error.log;
events {{ worker_connections 1024; }}
http {{
  access_log off;
  default_type "text/html; charset=utf-8";
  client_body_temp_path {folder}/body;
  proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi;
  scgi_temp_path {folder}/scgi;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000000;
  open_file_cache max=100;
  gzip_static on;
  gzip_vary on;
  server {{
    listen 127.0.0.1:{port};
    root {folder}/root;
{headers}
  }}
}}
"""


def missing() -> str:
    """Why there is no nginx here; empty if there is."""
    return "" if _program() else "nginx is not installed (on Debian: apt install nginx-light)"


@contextmanager
def running(folder: Path, workers: int, page: bytes, gzipped: bytes, headers: Mapping[str, str]) -> Iterator[str]:
    """Serve this page, and yield its address."""
    with serving(folder, workers, {"page": (page, gzipped)}, headers) as address:
        yield f"{address}/page"


@contextmanager
def serving(
    folder: Path, workers: int, pages: Mapping[str, tuple[bytes, bytes]], headers: Mapping[str, str]
) -> Iterator[str]:
    """Serve pages by name, each as it is and as gzip, and yield the address above them."""
    program = _program()
    assert program is not None
    port = free_port()
    root = folder / "root"
    root.mkdir(parents=True)
    for name, (plain, gzipped) in pages.items():
        (root / name).write_bytes(plain)
        (root / f"{name}.gz").write_bytes(gzipped)
    added = "\n".join(f'    add_header {name} "{value}";' for name, value in headers.items() if name.lower() not in OWN)
    configuration = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""
    configuration.write_text(
        CONFIGURATION.format(user=user, workers=workers, folder=folder, port=port, headers=added), "utf-8"
    )
    process = subprocess.Popen([program, "-c", str(configuration), "-e", str(folder / "error.log")])
    try:
        _wait_for(port)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def _program() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


def _wait_for(port: int) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)
