"""A function's requirements.txt: exact versions of packages from the index, and nothing else. Pure.

A lab is made of what the pattern's folder holds, so the same folder must give the same packages on any day. That is
also what Lambda's own guide asks for in production:
https://docs.aws.amazon.com/lambda/latest/dg/python-package.html (read 2026-11-30)
"""

import re
from collections.abc import Iterator

REQUIREMENTS = "requirements.txt"
MOST = 50
"""Lines with a package in one file."""
_PINNED = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*(\[[A-Za-z0-9,._ -]+\])?==[A-Za-z0-9.!+_-]+"
    r"(\s*;[^\\#]+?)?(\s+--hash=sha256:[0-9a-f]{64})*"
)


def refused(text: str) -> Iterator[tuple[int, str]]:
    """Line (from 1) and reason of each line that cannot be packaged."""
    for count, (number, line) in enumerate(_lines(text), 1):
        if not _PINNED.fullmatch(line):
            yield number, f"`{line[:80]}` is not one exact version (`name==1.2.3`)"
        elif count == MOST + 1:
            yield number, f"the file names more than {MOST} packages"


def packages(text: str) -> list[str]:
    """The lines that name a package, without comments."""
    return [line for _, line in _lines(text)]


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Each logical line with the number of its first one; a backslash at the end goes on in the next."""
    start, joined = 0, ""
    for number, line in enumerate(text.splitlines(), 1):
        start = start if joined else number
        part = re.sub(r"(^|\s)#.*", "", line).rstrip()
        joined += part.removesuffix("\\")
        if part.endswith("\\"):
            continue
        if joined.strip():
            yield start, " ".join(joined.split())
        joined = ""
    if joined.strip():
        yield start, " ".join(joined.split())
