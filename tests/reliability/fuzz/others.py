"""Hypothesis sends requests to every address that the URL configuration has, and to a lab's endpoint."""

import re
import socket
from collections.abc import Iterator
from urllib.parse import quote, urlsplit

from django.urls import URLPattern, URLResolver, get_resolver
from hypothesis import HealthCheck, Phase, given, seed
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from tests.labs.edge.test_fuzzing import LIKELY, ODD, SAID, TEXT, bodies
from tests.reliability.fuzz.report import Report
from tests.reliability.fuzz.world import PATTERN, SECONDS, World

_LONGEST = 4 * 1024 * 1024


def routes() -> list[str]:
    """The route of every address of the site, as Django has them."""

    def below(prefix: str, patterns: list[URLPattern | URLResolver]) -> Iterator[str]:
        for one in patterns:
            route = prefix + str(one.pattern)
            if isinstance(one, URLResolver):
                yield from below(route, one.url_patterns)
            else:
                yield route

    return ["/" + re.sub(r"\^|\\Z|\$", "", route) for route in below("", get_resolver().url_patterns)]


@st.composite
def requests(draw: st.DrawFn, addresses: list[str], lab: str) -> tuple[str, str, list[tuple[str, str]], bytes]:
    """Method, target, headers and body of one request."""
    path = draw(st.sampled_from([*addresses, *addresses, f"/live/{lab}<path:path>"]))
    while found := re.search(r"\(\?P<(\w+)>[^)]*\)|<(?:(\w+):)?(\w+)>", path):
        name = found[1] or found[3]
        value = draw(st.sampled_from([PATTERN, lab, "1", "-1", "template.yaml"]) | st.sampled_from(ODD) | TEXT)
        value = lab if name == "lab_id" and draw(st.booleans()) else value
        path = path[: found.start()] + quote(value, safe="/%{}$<>'\\@") + path[found.end() :]
    query = draw(st.sampled_from(["", "", "?q=queue", "?page=-1", "?%zz", "?a=1&a=2", "?q=" + "x" * 3000]) | TEXT.map(
        lambda text: "?" + quote(text)
    ))  # fmt: skip
    body, kind = draw(bodies())
    headers = draw(st.lists(SAID, max_size=3))
    return draw(LIKELY), path + query, [*headers, *([("content-type", kind)] if kind else [])], body


def fuzz_others(world: World, report: Report, count: int, number: int) -> None:
    """Send `count` requests; whatever has been deleted by one is made anew now and then."""
    addresses = [route for route in routes() if not route.startswith("/static/")]
    address = urlsplit(world.url)
    assert address.hostname
    assert address.port
    sent = 0

    def send(request: tuple[str, str, list[tuple[str, str]], bytes]) -> None:
        nonlocal sent
        sent += 1
        if sent % 500 == 0:
            world.refresh()
        method, target, headers, body = request
        shown = f"{method} {target[:120]} {headers}"
        try:
            status, said = _exchange((address.hostname or "", address.port or 0), method, target, headers, body)
        except TimeoutError as error:
            report.note_hung(shown, repr(error))
        else:
            report.note(shown, status, said)

    settings = hypothesis_settings(
        max_examples=count,
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )
    seed(number)(settings(given(requests(addresses, world.ids["lab"]))(send)))()


def _exchange(
    address: tuple[str, int], method: str, target: str, headers: list[tuple[str, str]], body: bytes
) -> tuple[int, str]:
    """One request over a connection of its own: the status, and the body's beginning. 0 where the server hung up."""
    named = {name for name, _ in headers}
    lines = [f"{method} {target} HTTP/1.1", "host: 127.0.0.1", "connection: close"]
    lines += [f"{name}: {value}" for name, value in headers if name not in ("connection", "expect")]
    if body and "transfer-encoding" not in named:
        lines.append(f"content-length: {len(body)}")
    if "transfer-encoding" in named:
        body = (b"%x\r\n%s\r\n" % (len(body), body) if body else b"") + b"0\r\n\r\n"
    message = "\r\n".join(line.replace("\r", "").replace("\n", "") for line in lines).encode("utf-8", "replace")
    with socket.create_connection(address, timeout=SECONDS) as connection:
        try:
            connection.sendall(message + b"\r\n\r\n" + body)
            received = b""
            while len(received) < _LONGEST and b"text/event-stream" not in received:
                chunk = connection.recv(65536)
                if not chunk:
                    break
                received += chunk
        except ConnectionError:
            return 0, ""
    found = re.match(rb"HTTP/1\.1 (\d{3})", received)
    return int(found[1]) if found else 0, received.partition(b"\r\n\r\n")[2].decode(errors="replace")
