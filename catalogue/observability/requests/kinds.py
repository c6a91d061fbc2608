"""Kinds of addresses, as metrics and the access log name them: few and fixed, whatever strangers ask for."""

from http import HTTPStatus

KEPT = "kept"
REFUSED = "refused"
"""Answers of the web server itself to what no application gets to see."""
_FIRST = {
    "live": "live",
    "static": "static",
    "healthz": "health",
    "readyz": "health",
    "metrics": "health",
    "labs": "labs",
    "runs": "labs",
    "draw": "labs",
    "mcp": "labs",
    "newsletter": "newsletter",
    "mailbox": "newsletter",
    "admin": "admin",
}
KINDS = (KEPT, REFUSED, "pages", *dict.fromkeys(_FIRST.values()))
_KNOWN = {status.value for status in HTTPStatus}


def kind_of(path: str) -> str:
    """The kind of a path's first part; `pages` for everything that Django renders from content."""
    return _FIRST.get(path[1:20].partition("/")[0], "pages")


def status_label(status: int) -> str:
    """The status code, or its class (`2xx`) where a lab's function has made one up."""
    return str(status) if status in _KNOWN else f"{status // 100}xx"
