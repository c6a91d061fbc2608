"""`serverless-patterns send`: send a request to the opened stack, and print the answer and its trace."""

import argparse
import json
import sys
import time
from pathlib import Path

from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.talking.api import Answer, Event, LabApi
from catalogue.management.terminal.talking.lines import in_order, line, milliseconds, of_trace
from catalogue.management.terminal.talking.running import add_url_argument, page_of

_PAUSE_SECONDS = 0.2
_QUIET_READINGS = 2
"""So many readings in a row without anything new, with nothing on its way, are the end."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("method", help="GET, POST, …")
    parser.add_argument("path", help="the path with its query, such as /orders?limit=5")
    parser.add_argument("-d", "--data", metavar="BODY", help="the body; @FILE reads it from a file")
    parser.add_argument(
        "-H", "--header", action="append", default=[], metavar="NAME:VALUE", help="a header (repeatable)"
    )
    parser.add_argument(
        "--wait", type=float, default=10, metavar="SECONDS", help="follow the trace for so long at most (default: 10)"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON: status, headers, body, trace")
    add_url_argument(parser)


def run(options: argparse.Namespace) -> int:
    if not options.path.startswith("/"):
        raise Refused(f"The path {options.path!r} does not begin with a slash.")
    api = LabApi(page_of(options.url))
    body = body_of(options.data)
    headers = {"Content-Type": "application/json"} if is_json(body) else {}
    headers |= headers_of(options.header)
    began = time.monotonic()
    answer = api.send(options.method.upper(), options.path, body, headers)
    took = (time.monotonic() - began) * 1000
    if not options.json:
        print_answer(answer, took)
    events = followed(api, answer.trace, options.wait)
    if options.json:
        print(json.dumps(document(answer, events)))
        return 0
    print(f"\nTrace {answer.trace}:" if events else "\nThe request left no trace: the stack's endpoint did not get it.")
    for event in events:
        print(line(event))
    return 0


def followed(api: LabApi, trace: str, seconds: float) -> list[Event]:
    """What belongs to the request, read until the stack is quiet, at most so long. Raises Refused."""
    deadline, quiet, before = time.monotonic() + seconds, 0, -1
    while True:
        events, expects_more = api.happened()
        is_known = any(one["event"] == "request" and one["data"]["trace"] == trace for one in events)
        quiet = quiet + 1 if is_known and len(events) == before and not expects_more else 0
        if quiet >= _QUIET_READINGS or time.monotonic() >= deadline:
            return in_order(of_trace(events, trace))
        before = len(events)
        time.sleep(_PAUSE_SECONDS)


def print_answer(answer: Answer, ms: float) -> None:
    """Status, headers and body. What is no text is written as it is."""
    print(f"HTTP {answer.status} {answer.reason}, {milliseconds(ms)}")
    for name, value in answer.headers.items():
        print(f"{name}: {value}")
    print(flush=True)
    sys.stdout.buffer.write(answer.body)
    sys.stdout.buffer.flush()
    if answer.body and not answer.body.endswith(b"\n"):
        print()


def document(answer: Answer, events: list[Event]) -> dict[str, object]:
    return {
        "status": answer.status,
        "headers": dict(answer.headers.items()),
        "body": answer.body.decode("utf-8", "replace"),
        "trace": answer.trace,
        "events": events,
    }


def body_of(given: str | None) -> bytes | None:
    """Raises Refused for a file that cannot be read."""
    if given is None or not given.startswith("@"):
        return None if given is None else given.encode()
    try:
        return Path(given[1:]).read_bytes()
    except OSError as error:
        raise Refused(f"The body in {given[1:]} cannot be read: {error.strerror}.") from None


def is_json(body: bytes | None) -> bool:
    """Whether the body is a JSON document, which is then sent as one unless a header says otherwise."""
    try:
        json.loads(body or b"")
    except (ValueError, RecursionError):
        return False
    return True


def headers_of(given: list[str]) -> dict[str, str]:
    """Raises Refused for what is not of the form NAME: VALUE."""
    found = {}
    for text in given:
        name, colon, value = text.partition(":")
        if not colon or not name.strip() or any(sign in text for sign in "\r\n"):
            raise Refused(f"{text!r} is not of the form Name: value.")
        found[name.strip().title()] = value.strip()
    return found
