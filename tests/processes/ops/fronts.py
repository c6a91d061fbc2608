"""The example configurations of nginx and Caddy, started for real before a stand-in for the site.

Only names, ports, paths and one time-out are replaced; everything else is what an operator copies.
"""

import getpass
import os
import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.support.site import ROOT, free_port

NAME = "patterns.example"
HEAD_SECONDS = 2
"""In place of the ten seconds that a request's head may take."""


@dataclass(frozen=True)
class Front:
    """A running proxy: its ports on 127.0.0.1, and its access log."""

    name: str
    http: int
    https: int
    log: Path

    def logged(self) -> str:
        return self.log.read_text() if self.log.exists() else ""


def program(name: str) -> str:
    """Where a program is. Skips the test without it, or fails if REQUIRE_PROXIES=1."""
    found = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        reason = f"{name} is not installed (on Debian: apt install {name})."
        if os.environ.get("REQUIRE_PROXIES") == "1":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@contextmanager
def running_nginx(folder: Path, upstreams: tuple[int, int]) -> Iterator[Front]:
    nginx = program("nginx")
    http, https, log = free_port(), free_port(), folder / "access.log"
    certificate, key = _certificate(folder)
    text = (ROOT / "ops/nginx/serverless-patterns.conf").read_text()
    for old, new in (
        ("listen 80;", f"listen 127.0.0.1:{http};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{https} ssl;"),
        ("    listen [::]:80;\n", ""),
        ("    listen [::]:443 ssl;\n", ""),
        ("127.0.0.1:8001", f"127.0.0.1:{upstreams[0]}"),
        ("127.0.0.1:8002", f"127.0.0.1:{upstreams[1]}"),
        (f"/etc/letsencrypt/live/{NAME}/fullchain.pem", str(certificate)),
        (f"/etc/letsencrypt/live/{NAME}/privkey.pem", str(key)),
        ("/var/log/nginx/serverless-patterns.access.log", str(log)),
        ("/var/log/nginx/serverless-patterns.error.log", str(folder / "error.log")),
        ("client_header_timeout 10s", f"client_header_timeout {HEAD_SECONDS}s"),
    ):
        assert old in text, old
        text = text.replace(old, new)
    (folder / "site.conf").write_text(text)
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"user {getpass.getuser()}; daemon off; pid {folder}/nginx.pid; error_log {folder}/start.log;\n"
        f"events {{ worker_connections 256; }}\nhttp {{ {temporary}\ninclude {folder}/site.conf; }}\n"
    )
    command = [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf"), "-e", str(folder / "start.log")]
    with _running(command, https, folder / "nginx.out", {}):
        yield Front("nginx", http, https, log)


@contextmanager
def running_caddy(folder: Path, upstreams: tuple[int, int]) -> Iterator[Front]:
    caddy = program("caddy")
    http, https, log = free_port(), free_port(), folder / "access.log"
    certificate, key = _certificate(folder)
    text = (ROOT / "ops/caddy/Caddyfile").read_text()
    for old, new in (
        ("{\n\tgrace_period", f"{{\n\tadmin off\n\thttp_port {http}\n\thttps_port {https}\n\tgrace_period"),
        (f"{NAME} {{", f"{NAME} {{\n\tbind 127.0.0.1\n\ttls {certificate} {key}"),
        ("127.0.0.1:8001", f"127.0.0.1:{upstreams[0]}"),
        ("127.0.0.1:8002", f"127.0.0.1:{upstreams[1]}"),
        ("/var/log/caddy/serverless-patterns.log", str(log)),
        ("grace_period 5s", "grace_period 1s"),
        ("read_header 10s", f"read_header {HEAD_SECONDS}s"),
    ):
        assert old in text, old
        text = text.replace(old, new, 1)
    (folder / "Caddyfile").write_text(text)
    command = [caddy, "run", "--adapter", "caddyfile", "--config", str(folder / "Caddyfile")]
    with _running(command, https, folder / "caddy.out", {"HOME": str(folder), "XDG_DATA_HOME": str(folder)}):
        yield Front("caddy", http, https, log)


@contextmanager
def _running(command: list[str], port: int, output: Path, environment: dict[str, str]) -> Iterator[None]:
    with output.open("w") as out:
        process = subprocess.Popen(
            command, env={"PATH": os.defpath, **environment}, stdout=out, stderr=out, stdin=subprocess.DEVNULL
        )
    try:
        deadline = time.monotonic() + 20
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None, output.read_text()
                assert time.monotonic() < deadline, output.read_text()
                time.sleep(0.05)
        yield
    finally:
        process.terminate()
        process.wait(60)


def _certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the example's name that signs itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    files[1].write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    return files


def connect(front: Front) -> ssl.SSLSocket:
    """A TLS connection to the proxy, under the example's name."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", front.https), 20), server_hostname=NAME)


def ask(
    front: Front, method: str, path: str, headers: dict[str, str] | None = None, body: bytes = b""
) -> tuple[int, str]:
    """One request over a connection of its own: status and body. Status 0 where the proxy hung up."""
    lines = [f"{method} {path} HTTP/1.1", f"Host: {NAME}", "Connection: close"]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    received = b""
    with connect(front) as connection:
        with suppress(OSError):  # it may refuse a large body before all is sent; its answer can be read all the same
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        with suppress(OSError):
            while chunk := connection.recv(65536):
                received += chunk
    found = re.match(rb"HTTP/1\.1 (\d{3})", received)
    return int(found[1]) if found else 0, received.partition(b"\r\n\r\n")[2].decode(errors="replace")
