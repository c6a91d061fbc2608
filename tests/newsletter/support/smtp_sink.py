"""A mail server for tests: speaks enough SMTP for smtplib, keeps what it is sent, and refuses on request."""

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Sink:
    port: int = 0
    connections: int = 0
    messages: list[bytes] = field(default_factory=list)
    # Called with the sender (at MAIL), the recipient (at RCPT) or the body (at DATA); what it returns is said instead
    # of "250 OK", and an empty answer drops the connection.
    on_sender: Callable[[str], str] = lambda sender: "250 OK"
    on_recipient: Callable[[str], str] = lambda recipient: "250 OK"
    on_data: Callable[[bytes], str] = lambda body: "250 OK"
    # Called before the server asks for the body: the mail is on the wire and has not arrived.
    before_data: Callable[[], object] = lambda: None


@contextmanager
def smtp_sink() -> Iterator[Sink]:
    sink = Sink()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            sink.connections += 1
            self._say("220 sink")
            while line := self.rfile.readline():
                verb = line.split(b" ")[0].strip().upper()
                if verb == b"MAIL":
                    answer = sink.on_sender(line.decode().strip())
                elif verb == b"RCPT":
                    answer = sink.on_recipient(line.decode().strip())
                elif verb == b"DATA":
                    sink.before_data()
                    self._say("354 go ahead")
                    body = self._body()
                    answer = sink.on_data(body)
                    if answer.startswith("250"):
                        sink.messages.append(body)
                else:
                    answer = "221 bye" if verb == b"QUIT" else "250 OK"
                if not answer:
                    return
                self._say(answer)
                if verb == b"QUIT":
                    return

        def _say(self, answer: str) -> None:
            self.wfile.write(answer.encode() + b"\r\n")

        def _body(self) -> bytes:
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
            return b"".join(lines)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        sink.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield sink
        finally:
            server.shutdown()
            thread.join()
