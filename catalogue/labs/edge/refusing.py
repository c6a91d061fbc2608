"""What the edge itself answers: a refusal as problem+json, or as a page where the caller asks for HTML."""

import json
import math

from asgiref.typing import HTTPScope, WebSocketScope

from catalogue.base.backends import faults
from catalogue.labs.edge import http
from catalogue.labs.targets.base import OUT_OF_REACH
from catalogue.observability.prometheus.metrics import limit_hit
from catalogue.observability.requests import request_context
from catalogue.web.front import refusal_page, refusals
from catalogue.web.security_headers import outside_django


class Refusal(Exception):
    """An answer of the edge itself: problem+json, or a page where the caller asks for HTML."""

    def __init__(self, status: int, title: str, detail: str, **headers: str) -> None:
        super().__init__(title)
        self.status, self.title, self.detail = status, title, detail
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        document = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        if request_id := request_context.current().request_id:
            document["request_id"] = request_id
        self.body = json.dumps(document).encode()


def out_of_reach() -> Refusal:
    return Refusal(503, "The lab cannot be reached from here", OUT_OF_REACH, Retry_After="5")


def storage_away() -> Refusal:
    return Refusal(503, faults.TITLE, faults.DETAIL, Retry_After=str(faults.RETRY_SECONDS))


def sending_too_much() -> Refusal:
    return Refusal(
        503, "Too much to send", "The server is sending as much data of labs as it can hold.", Retry_After="5"
    )


def too_many(detail: str, wait: float) -> Refusal:
    return Refusal(429, "Too Many Requests", detail, Retry_After=str(math.ceil(wait)))


def too_large() -> Refusal:
    limit_hit("lab_request_bytes")
    return Refusal(413, "Content Too Large", "API Gateway accepts at most 10 MB.", Connection="close")


def answer_of(scope: HTTPScope | WebSocketScope, refusal: Refusal) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    as_page = refusals.asks_for_page(scope["path"].encode(), scope["headers"])
    kind = {} if as_page else {"content-type": "application/problem+json"}
    own = {**kind, "cache-control": "no-store", **refusal.headers}
    headers = http.response_headers(own.items(), trace="", live="", upstream="http://none/none")
    headers = [pair for pair in headers if pair[0] != b"x-amzn-trace-id"]
    if as_page:
        page = refusal_page.page(refusal.status, refusal.title, refusal.detail)
        return refusal.status, [*headers, *refusal_page.headers()], page
    return refusal.status, [*headers, *outside_django(http.SANDBOX)], refusal.body
