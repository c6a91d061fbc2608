"""Reads a download's README as its reader does: commands, and what the text says must be seen after each."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

_FENCE = re.compile(r"^(`{3,})sh\n(.*?)\n\1$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
_STATUSES = re.compile(r"Expect: (?:status (\d{3})|((?:\d+ × \d{3}(?:, )?)+))\.")
_WITHIN = re.compile(r"Within ([\d.]+) seconds?, (.*?)\.(?= Within |$)", re.MULTILINE)
_PAUSE = re.compile(r"Wait ([\d.]+) seconds? first\.")
_LOGGED = re.compile(r"the log of `(\w+)` has a line with `(.*)`$")
_HOLDS = re.compile(
    r"`(\w+)` holds (.*?)(waiting message|message|item|object|running execution)s?( \(waiting or in flight\))?$"
)
_RUNS = re.compile(r"`\w+` has (made|had) .* since this command$")


@dataclass(frozen=True)
class Sight:
    """What must be seen of a resource within some seconds: a text in its log, or a number."""

    within: float
    resource: str
    text: str | None = None
    least: int | None = None
    most: int | None = None
    first_number_only: bool = False


@dataclass
class Command:
    section: str
    """The nearest `##` heading."""
    title: str
    """The nearest heading of any level."""
    script: str
    pause: float = 0
    """Seconds to wait before it."""
    statuses: dict[int, int] = field(default_factory=dict)
    sights: list[Sight] = field(default_factory=list)
    after: str = ""
    """The prose up to the next command or heading."""


def commands_of(readme: str) -> list[Command]:
    """Every command block in its order. Raises AssertionError for a promise that cannot be read."""
    found, pause = [], 0.0
    fences = list(_FENCE.finditer(readme))
    section = title = ""
    end_before = 0
    for number, fence in enumerate(fences):
        before = readme[end_before : fence.start()]
        for heading in _HEADING.finditer(before):
            title = heading[1]
            if heading[0].startswith("## "):
                section = title
        # What stands between a heading and its command is about that command.
        own = before[max((heading.end() for heading in _HEADING.finditer(before)), default=0) :]
        pause = float(match[1]) if (match := _PAUSE.search(own)) else 0.0
        until = fences[number + 1].start() if number + 1 < len(fences) else len(readme)
        after = readme[fence.end() : until]
        if heading_after := _HEADING.search(after):
            after = after[: heading_after.start()]
        found.append(
            Command(section, title, fence[2], pause, _statuses(after), list(_sights(after)), after.partition("\n**")[0])
        )
        end_before = fence.end()
    return found


def _statuses(text: str) -> dict[int, int]:
    match = _STATUSES.search(text)
    assert match or "Expect:" not in text, text
    if match is None:
        return {}
    if match[1]:
        return {int(match[1]): 1}
    return {int(status): int(count) for count, status in re.findall(r"(\d+) × (\d{3})", match[2])}


def _sights(text: str) -> Iterator[Sight]:
    promises = _WITHIN.findall(text)
    assert len(promises) == text.count("Within "), text
    for within, promise in promises:
        if logged := _LOGGED.fullmatch(promise):
            yield Sight(float(within), logged[1], text=logged[2])
        elif holds := _HOLDS.fullmatch(promise):
            least, most = _bounds(holds[2])
            yield Sight(float(within), holds[1], None, least, most, holds[3] == "waiting message")
        else:
            assert _RUNS.fullmatch(promise), promise


def _bounds(text: str) -> tuple[int | None, int | None]:
    least = re.search(r"at least (\d+)", text)
    most = re.search(r"at most (\d+)", text)
    if least or most:
        return (int(least[1]) if least else None), (int(most[1]) if most else None)
    (exact,) = re.findall(r"\d+", text)
    return int(exact), int(exact)
