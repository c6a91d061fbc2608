"""An IMAP server for tests: one folder and the few commands that reading it takes (RFC 3501)."""

import re
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass
class Folder:
    port: int = 0
    mails: dict[int, bytes] = field(default_factory=dict)
    flags: dict[int, set[str]] = field(default_factory=dict)
    logins: list[str] = field(default_factory=list)


@contextmanager
def imap_server(*mails: bytes) -> Iterator[Folder]:
    folder = Folder(mails=dict(enumerate(mails, 1)), flags={number: set() for number in range(1, len(mails) + 1)})

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self._say("* OK ready")
            while line := self.rfile.readline().decode().strip():
                tag, _, command = line.partition(" ")
                self._answer(command)
                self._say(f"{tag} OK done")
                if command == "LOGOUT":
                    return

        def _say(self, text: str) -> None:
            self.wfile.write(text.encode() + b"\r\n")

        def _answer(self, command: str) -> None:
            if command == "CAPABILITY":
                self._say("* CAPABILITY IMAP4rev1")
            elif command.startswith("LOGIN"):
                folder.logins.append(command)
            elif command.startswith("SELECT"):
                self._say(f"* {len(folder.mails)} EXISTS")
            elif command == "UID SEARCH UNSEEN UNDELETED":
                self._say("* SEARCH " + " ".join(str(uid) for uid in folder.mails if not folder.flags[uid]))
            elif found := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", command):
                raw = folder.mails[int(found[1])][: int(found[2])]
                self.wfile.write(
                    f"* {found[1]} FETCH (UID {found[1]} BODY[]<0> {{{len(raw)}}}\r\n".encode() + raw + b")\r\n"
                )
            elif found := re.fullmatch(r"UID STORE (\d+) \+FLAGS \((\S+)\)", command):
                folder.flags[int(found[1])].add(found[2])
            elif command == "EXPUNGE":
                for uid in [uid for uid, flags in folder.flags.items() if "\\Deleted" in flags]:
                    folder.mails.pop(uid, None)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        folder.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield folder
        finally:
            server.shutdown()
            thread.join()
