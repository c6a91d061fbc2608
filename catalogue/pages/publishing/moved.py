"""What stands in an export at the addresses that a pattern had under an earlier slug.

The running site answers 301 there. A host of plain files cannot, so a page is one that leads on, and any other file is
a copy. Each has the present address as `Location` among its headers, for hosts that can redirect (docs/publishing.md).
"""

import re
from collections.abc import Iterator, Mapping

from django.utils.html import escape

type Content = tuple[bytes, dict[str, str]]
"""A file's bytes, and the headers that it should be sent with."""

_LEADING_ON = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Moved</title>
<link rel="canonical" href="{address}">
<meta http-equiv="refresh" content="0; url={address}">
<p>This page has moved to <a href="{address}">{address}</a>.</p>
</html>
"""


def moved(pages: Mapping[str, Content], renamed: Mapping[str, str]) -> Iterator[tuple[str, Content]]:
    """A file for each of a renamed pattern's `pages`, by path. `renamed` has the present slug by each earlier one."""
    for alias, slug in renamed.items():
        here = re.compile(rf"patterns/{re.escape(slug)}(?=[/.])")
        for path, (body, headers) in pages.items():
            if here.match(path):
                address = f"/{shown(path)}"
                page = headers["Content-Type"].startswith("text/html")
                content = _LEADING_ON.format(address=escape(address)).encode() if page else body
                yield here.sub(f"patterns/{alias}", path), (content, {**headers, "Location": address})


def shown(path: str) -> str:
    """The path under which readers ask for a file."""
    return path.removesuffix("index.html") if path == "index.html" or path.endswith("/index.html") else path
