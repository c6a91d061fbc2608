"""What an assistant does with a lab: run, step, send, break, compare, read, end. All by the site's own API.

A lab's handle is its ID and its token, so that a server keeps no session. Who has it owns the lab.
"""

import asyncio
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError

from catalogue.labs.assistants.paging import page_of_items, shortened
from catalogue.labs.assistants.site import Refused, Site

_WAIT_SECONDS = 90.0
_LOOK_SECONDS = 0.3
_MOST_BODY = 4000
_MOST_EVENT = 400
_EVENTS = 25
_OF_THE_SITE = {
    *("content-security-policy", "permissions-policy", "referrer-policy", "x-content-type-options", "x-frame-options"),
    *("cross-origin-opener-policy", "strict-transport-security", "access-control-allow-origin", "content-length"),
    *("access-control-expose-headers", "cross-origin-resource-policy", "date", "server", "vary", "x-robots-tag"),
}
"""Headers that every answer of a lab's endpoint has, which say nothing of the lab."""
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class Running:
    site: Site

    async def run_pattern(self, pattern: str) -> dict[str, Any]:
        """Deploy a pattern for yourself."""
        made = await self._ask("POST", "/labs/", {"pattern": pattern})
        id, token = made["id"], made["token"]
        until = time.monotonic() + _WAIT_SECONDS
        while made["status"] == "deploying" and time.monotonic() < until:
            await asyncio.sleep(_LOOK_SECONDS)
            made = await self._ask("GET", f"/labs/{id}", token=token)
        if made["status"] != "ready":
            raise ToolError(f"The stack is not ready: {made.get('reason') or made['status']}. Call run_pattern again.")
        return {
            "lab": f"{id}.{token}",
            "status": made["status"],
            "endpoint": made["endpoint"],
            "page": made["page"],
            "ends_at": made["ends_at"],
            "next": "take_step, send_request or break_lab with this `lab`; then what_happened; end_lab when done.",
        }

    async def take_step(self, lab: str, step: str) -> dict[str, Any]:
        """One step of the pattern's demo, with what was expected and what was seen."""
        result = await self._of(lab, "POST", f"/steps/{_part(step)}", {})
        return _short(result)

    async def send_request(
        self, lab: str, method: str, path: str, body: str = "", headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        """A request to the lab's own endpoint."""
        id, _ = _handle(lab)
        if method.upper() not in _METHODS or not path.startswith("/"):
            raise ToolError(f"Give a method ({', '.join(_METHODS)}) and a path that begins with a slash.")
        own = {name.lower(): value for name, value in (headers or {}).items()}
        if body and "content-type" not in own:
            own["content-type"] = "application/json" if body.lstrip()[:1] in ("{", "[") else "text/plain"
        answer = await self.site.send(method.upper(), f"/live/{id}{path}", own, body.encode())
        return {
            "status": answer.status,
            "headers": _telling(answer.headers),
            "body": shortened(answer.text, _MOST_BODY),
            "trace": answer.headers.get("x-amzn-trace-id", "").removeprefix("Root="),
        }

    async def break_lab(self, lab: str, lever: str = "", undo: bool = False) -> dict[str, Any]:
        """Cause one of the pattern's faults, or undo it; without a lever, list them."""
        if not lever:
            listed = await self._of(lab, "GET", "/levers")
            return {"levers": [_short(one) for one in listed["levers"]]}
        outcome = await self._of(lab, "POST", f"/levers/{_part(lever)}", {"do": "release" if undo else "pull"})
        return _short(outcome)

    async def what_happened(self, lab: str, contains: str = "", page: int = 1) -> dict[str, Any]:
        """Calls, invocations, log lines and counts of the lab so far, a line each."""
        read = await self._of(lab, "GET", "/events.json")
        lines = [_line(event) for event in read["events"]]
        found = page_of_items([line for line in lines if contains in line], page, _EVENTS)
        return found | {"expects_more": read["expects_more"]}

    async def lab_bill(self, lab: str, requests_per_month: int = 1_000_000) -> dict[str, Any]:
        """What the lab has cost so far, and a month of such requests."""
        bill = await self._of(lab, "GET", f"/bill?per_month={int(requests_per_month)}")
        return {
            part: {"usd": bill[part]["usd"], "lines": [_price_line(line) for line in bill[part]["lines"]]}
            for part in ("so_far", "month")
        } | {"currency": bill["currency"], "requests_per_month": requests_per_month}

    async def end_lab(self, lab: str) -> dict[str, Any]:
        """Delete the lab's stack."""
        id, token = _handle(lab)
        await self._ask("DELETE", f"/labs/{id}", token=token)
        return {"ended": True}

    async def compare_pattern(self, pattern: str) -> dict[str, Any]:
        """The same traffic to a pattern and to its naive design, on two stacks, and what differed."""
        made = await self._ask("POST", "/labs/comparisons/", {"pattern": pattern})
        token = made["labs"]["pattern"]["token"]
        address = f"/labs/comparisons/{made['id']}"
        try:
            until = time.monotonic() + _WAIT_SECONDS
            while any(lab["status"] == "deploying" for lab in made["labs"].values()) and time.monotonic() < until:
                await asyncio.sleep(_LOOK_SECONDS)
                made = await self._ask("GET", address)
            done = await self._ask("POST", f"{address}/run", {}, token=token)
        finally:
            await self._ask("POST", f"{address}/delete", {}, token=token)
        if "result" not in done:
            raise ToolError(f"The comparison did not finish: {done.get('reason') or done['state']}. Try again.")
        result = done["result"]
        return {
            "pattern": pattern,
            "figures": [
                {name: row[name] for name in ("label", "unit", "pattern", "naive", "better")}
                for row in result["figures"]
            ],
            "claims": result["claims"],
            "note": "Both stacks are deleted again.",
        }

    async def draw_template(self, template: str) -> dict[str, Any]:
        """A template of your own: proven arrows, what the embedded AWS does not run, lint, prices."""
        drawn = await self._ask("POST", "/draw/", {"template": template})
        del drawn["diagram"]
        return {**drawn}

    async def _of(self, lab: str, method: str, path: str, fields: Mapping[str, Any] | None = None) -> Any:
        id, token = _handle(lab)
        return await self._ask(method, f"/labs/{id}{path}", fields, token)

    async def _ask(self, method: str, path: str, fields: Mapping[str, Any] | None = None, token: str = "") -> Any:
        try:
            return await self.site.ask(method, path, fields, token)
        except Refused as refused:
            raise ToolError(f"{refused}{_ADVICE.get(refused.status, '')}") from None


_ADVICE = {
    403: " Use the whole `lab` that run_pattern returned.",
    404: " Call run_pattern for a lab, and read_pattern for the names of steps and levers.",
    409: " Wait a moment and call this again.",
    410: " Call run_pattern for a new lab.",
}


def _handle(lab: str) -> tuple[str, str]:
    id, _, token = lab.partition(".")
    if not id.replace("-", "").replace("_", "").isalnum() or not token:
        raise ToolError("`lab` must be the whole value that run_pattern returned: an ID, a dot, a token.")
    return id, token


def _part(name: str) -> str:
    """A step's or lever's id as a part of an address."""
    if not name.replace("-", "").replace("_", "").isalnum():
        raise ToolError(f"{name[:60]!r} is no id of a step or lever. read_pattern lists them.")
    return name


def _line(event: Mapping[str, Any]) -> str:
    return shortened(f"{event['event']}: {json.dumps(event['data'], ensure_ascii=False)}", _MOST_EVENT)


def _price_line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("service", "what", "usd", "formula")}


def _short(document: dict[str, Any]) -> dict[str, Any]:
    """The document with long texts cut off."""
    return {
        name: _telling(inner) if name == "headers" and isinstance(inner, dict) else _shorter(inner)
        for name, inner in document.items()
    }


def _shorter(value: Any) -> Any:
    if isinstance(value, dict):
        return _short(value)
    if isinstance(value, list):
        return [_shorter(inner) for inner in value]
    return shortened(value, _MOST_BODY) if isinstance(value, str) else value


def _telling(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name not in _OF_THE_SITE}
