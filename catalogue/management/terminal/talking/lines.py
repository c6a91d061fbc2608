"""Events of a lab as lines for a terminal: the same sentences that the page's trace shows. Pure."""

import json
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from catalogue.management.terminal.talking.api import Event

SHOWN = ("request", "invocation", "log")


def written(event: Event) -> str:
    """A line that a function wrote, as it wrote it; `15:45:56.527  Take  {"kept": "7"}`."""
    data = event["data"]
    text = data["message"] if data.get("json") is None else json.dumps(data["json"], ensure_ascii=False)
    return "\n".join(f"{clock(data['at'])}  {data['function']}  {one}" for one in str(text).split("\n"))


def line(event: Event) -> str:
    """`15:45:56.527  Take ran for 57 ms, after a cold start.`; times are UTC, as on the page."""
    return f"{clock(event['data']['at'])}  {sentence(event['event'], event['data'])}"


def clock(at: float) -> str:
    """Unix seconds as `15:45:56.527`."""
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S.%f")[:-3]


def sentence(kind: str, data: dict[str, Any]) -> str:
    """What happened; empty for a kind that is not shown."""
    match kind:
        case "request":
            return f"{data['method']} {data['path']} was answered {data['status']} in {milliseconds(data['ms'])}."
        case "invocation":
            verb = "failed after" if data["error"] else "ran for"
            cold = ", after a cold start" if data["cold"] else ""
            return f"{data['function']} {verb} {milliseconds(data['ms'])}{cold}."
        case "log" if data.get("json") is None:
            return f"{data['function']} wrote: {data.get('message', '')}"
        case "log":
            said = data["json"]
            details = ", ".join(
                f"{name} {json.dumps(value) if isinstance(value, dict | list) else value}"
                for name, value in said.items()
                if name not in ("step", "at", "trace")
            )
            return f"{data['function']}: {said.get('step', 'a line')}{f' ({details})' if details else ''}."
    return ""


def milliseconds(ms: float) -> str:
    """As the page writes it: `2.5 ms`, `57 ms`, `1.25 s`."""
    if ms >= 1000:
        return f"{ms / 1000:.2f} s"
    return f"{ms:.1f} ms" if ms < 10 else f"{ms:.0f} ms"


def begun(event: Event) -> float:
    """When it began, in Unix seconds. A call comes before what it invokes, and an invocation before what it writes."""
    data = event["data"]
    if event["event"] == "invocation":
        return float(data["at"]) - (data["init_ms"] or 0) / 1000 - 0.005
    return float(data["at"]) - (0.01 if event["event"] == "request" else 0)


def in_order(events: Iterable[Event]) -> list[Event]:
    """As they happened: calls and log lines are read by different ways."""
    return sorted(events, key=begun)


def of_trace(events: Iterable[Event], trace: str) -> Iterator[Event]:
    """What belongs to a request: what has its trace ID, and what has none and came after the request did.

    A function has the trace ID only where it writes it in a line of JSON.
    """
    kept = [one for one in events if one["event"] in SHOWN]
    since = min((begun(one) for one in kept if one["data"]["trace"] == trace), default=None)
    if since is not None:
        yield from (one for one in kept if one["data"]["trace"] == trace or _is_after(one, since))


def _is_after(event: Event, since: float) -> bool:
    return not event["data"]["trace"] and begun(event) >= since
