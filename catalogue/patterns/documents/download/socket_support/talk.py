"""Talks on a WebSocket (RFC 6455) with Python's standard library alone, and prints what came of it.

    python3 talk.py wss://… --send '{"action": "hello"}' --receive 1

The output is like that of `curl -i`: the handshake's status and headers, an empty line, and JSON: `received`, the
messages; `statuses` of the calls made meanwhile; `closed`, the code with which the other side closed, or null.
"""

import argparse
import base64
import json
import os
import socket
import ssl
import struct
import time
import urllib.error
import urllib.request
from urllib.parse import urlsplit

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA


class WebSocket:
    def __init__(self, address: str) -> None:
        parts = urlsplit(address)
        host = parts.hostname or ""
        secure = parts.scheme == "wss"
        port = parts.port or (443 if secure else 80)
        connection: socket.socket = socket.create_connection((host, port), 30)
        if secure:
            connection = ssl.create_default_context().wrap_socket(connection, server_hostname=host)
        self.connection = connection
        self.buffer = b""
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {parts.netloc}",
            "Upgrade: websocket",
            "Connection: Upgrade",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}",
            "Sec-WebSocket-Version: 13",
        ]
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        self.status = int(self.head.split()[1])

    def send(self, text: str) -> None:
        self._frame(TEXT, text.encode())

    def close(self) -> None:
        self._frame(CLOSE, struct.pack("!H", 1000))
        self.connection.close()

    def receive(self, deadline: float) -> tuple[str | None, int | None] | None:
        """The next message as (text, None), or (None, code) once the other side has closed; None when time is over."""
        whole = b""
        while True:
            frame = self._next(deadline)
            if frame is None:
                return None
            final, kind, payload = frame
            if kind == CLOSE:
                return None, struct.unpack("!H", payload[:2])[0] if payload else 1005
            if kind == PING:
                self._frame(PONG, payload)
            elif kind != PONG:
                whole += payload
                if final:
                    return whole.decode(), None

    def _frame(self, kind: int, payload: bytes) -> None:
        size = len(payload)
        if size < 126:
            head = struct.pack("!BB", 0x80 | kind, 0x80 | size)
        elif size < 65536:
            head = struct.pack("!BBH", 0x80 | kind, 0x80 | 126, size)
        else:
            head = struct.pack("!BBQ", 0x80 | kind, 0x80 | 127, size)
        mask = os.urandom(4)
        masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(payload))
        self.connection.sendall(head + mask + masked)

    def _next(self, deadline: float) -> tuple[bool, int, bytes] | None:
        while (frame := self._parsed()) is None:
            self.connection.settimeout(max(0.001, deadline - time.monotonic()))
            try:
                self._more()
            except TimeoutError:
                return None
        return frame

    def _parsed(self) -> tuple[bool, int, bytes] | None:
        """The frame at the buffer's beginning, once it is whole."""
        data = self.buffer
        if len(data) < 2:
            return None
        size, start = data[1] & 0x7F, 2
        if size > 125:
            start = 4 if size == 126 else 10
            if len(data) < start:
                return None
            size = int.from_bytes(data[2:start])
        if len(data) < start + size:
            return None
        self.buffer = data[start + size :]
        return bool(data[0] & 0x80), data[0] & 0x0F, data[start : start + size]

    def _more(self) -> None:
        received = self.connection.recv(65536)
        if not received:
            raise SystemExit("The connection ended.")
        self.buffer += received


def call(method: str, url: str, body: str) -> int:
    """The status of one HTTP request with a body of JSON, or with none."""
    request = urllib.request.Request(url, body.encode() or None, {"Content-Type": "application/json"}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return text


def main() -> None:
    parser = argparse.ArgumentParser(description="Talks on a WebSocket, and prints what came of it.")
    parser.add_argument("address")
    parser.add_argument("--send", action="append", default=[], help="a message, once the connection is open")
    parser.add_argument("--ready", type=int, default=0, help="how many messages to await before the calls")
    parser.add_argument("--call", nargs=3, action="append", default=[], metavar=("METHOD", "URL", "BODY"))
    parser.add_argument("--receive", type=int, default=0, help="how many messages to await in all")
    parser.add_argument("--within", type=float, default=60, help="seconds for each of both waits")
    options = parser.parse_args()

    ws = WebSocket(options.address)
    print(ws.head, end="\n\n")
    if ws.status != 101:
        return
    received: list[object] = []
    statuses: list[int] = []
    closed: int | None = None

    def wait_for(count: int) -> None:
        nonlocal closed
        deadline = time.monotonic() + options.within
        while closed is None and len(received) < count:
            message = ws.receive(deadline)
            if message is None:
                return
            text, closed = message
            if text is not None:
                received.append(parsed(text))

    for text in options.send:
        ws.send(text)
    wait_for(options.ready)
    for method, url, body in options.call:
        statuses.append(call(method, url, body))
    wait_for(options.receive)
    if closed is None:
        ws.close()
    print(json.dumps({"received": received, "statuses": statuses, "closed": closed}))


if __name__ == "__main__":
    main()
