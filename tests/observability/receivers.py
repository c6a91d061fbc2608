"""Small HTTP servers on loopback that stand where a collector of spans or Sentry would."""

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import brotli


class Received:
    """What was posted: (path, body, uncompressed), in order."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.posts: list[tuple[str, bytes]] = []

    def spans(self) -> list[Any]:
        """All spans (opentelemetry.proto.trace.v1.Span) so far."""
        from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

        found = []
        for path, body in self.posts:
            assert path == "/v1/traces"
            request = ExportTraceServiceRequest.FromString(body)
            found += [
                span for resource in request.resource_spans for scope in resource.scope_spans for span in scope.spans
            ]
        return found

    def events(self) -> list[dict[str, Any]]:
        """All error reports of Sentry's envelopes so far: lines of JSON, of which the third is the event."""
        return [json.loads(body.split(b"\n")[2]) for _, body in self.posts]


@contextmanager
def receiver() -> Iterator[Received]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            if self.headers.get("content-encoding") == "gzip":
                body = gzip.decompress(body)
            elif self.headers.get("content-encoding") == "br":
                body = brotli.decompress(body)
            received.posts.append((self.path, body))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    received = Received(server.server_address[1])
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield received
    finally:
        server.shutdown()
        server.server_close()
        thread.join(60)
