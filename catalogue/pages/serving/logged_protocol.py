"""The protocol with an access log: each kept page's answer is logged, and carries its request id.

It stands beside `PagesProtocol` because both cost more than the answer itself: no request is known by its bytes, and
each message is copied. `catalogue.processes.server` takes it when ACCESS_LOG is on.
"""

import time

from catalogue.observability.asgi import context_of_request
from catalogue.observability.logs import access
from catalogue.observability.requests.kinds import KEPT
from catalogue.pages.serving.page_cache import Headers
from catalogue.pages.serving.protocol import PagesProtocol


class LoggedPagesProtocol(PagesProtocol):
    _asked: tuple[bytes, Headers]

    def data_received(self, data: bytes) -> None:
        self.between = False  # so that every request is parsed, and its headers are at hand
        super().data_received(data)

    def _answer(self, url: bytes, headers: Headers) -> bool:
        self._asked = (url, headers)
        return super()._answer(url, headers)

    def _send(self, message: bytes, *, keep_alive: bool) -> None:
        began = time.perf_counter()
        url, headers = self._asked
        context = context_of_request(self.client, headers)
        line, _, rest = message.partition(b"\r\n")
        named = b"%s\r\nx-request-id: %s\r\n%s" % (line, context.request_id.encode(), rest)
        super()._send(named, keep_alive=keep_alive)
        method = self.parser.get_method().decode("latin-1")
        path = url.partition(b"?")[0].decode("latin-1")
        size = len(message) - message.find(b"\r\n\r\n") - 4
        took = (time.perf_counter() - began) * 1000
        access.log(context, KEPT, method, path, int(message[9:12]), size, took)
