"""`serverless-patterns mcp`: a whole piece of work by standard input and output, and nothing stays when it ends."""

import json
import re
import sys
import urllib.request
from pathlib import Path
from typing import Any

import pytest
from anyio import to_thread
from mcp import Client, StdioServerParameters, stdio_client

from catalogue.labs.assistants.server import _DESCRIPTIONS, SKILL
from tests.labs.views.assistants.asking import Assistant
from tests.processes.terminal.conftest import environment
from tests.support.site import ROOT
from tests.support.waiting import await_true

pytestmark = [pytest.mark.lab, pytest.mark.timeout(300)]
MOST_CHARACTERS = 12_000
"""Of one answer: what an assistant reads, it pays for."""


def command(folder: Path) -> StdioServerParameters:
    arguments = ["-m", "catalogue.management.terminal.main", "mcp"]
    return StdioServerParameters(command=sys.executable, args=arguments, env=environment(folder), cwd=folder)


def read(address: str) -> str:
    request = urllib.request.Request(address, headers={"Accept": "text/html"})
    with urllib.request.urlopen(request, timeout=60) as page:
        text: str = page.read().decode()
    return text


def left_in(folder: Path) -> list[str]:
    return sorted(entry.name for entry in folder.iterdir())


def processes_with(text: str) -> list[str]:
    found = []
    for entry in Path("/proc").glob("[0-9]*/environ"):
        try:
            if text.encode() in entry.read_bytes():
                found.append(entry.parent.name)
        except OSError:
            continue
    return found


async def test_an_assistant_finds_reads_runs_breaks_and_ends_a_pattern(tmp_path: Path) -> None:
    async with Client(stdio_client(command(tmp_path))) as client:
        assistant = Assistant(client)
        answers: list[dict[str, Any]] = []

        async def call(tool: str, **arguments: Any) -> dict[str, Any]:
            answers.append(await assistant.call(tool, **arguments))
            return answers[-1]

        found = await call("search_patterns", problem="a retried request must not charge twice")
        assert "idempotent-proxy" in [one["pattern"] for one in found["items"]]
        about = await call("read_pattern", pattern="idempotent-proxy")
        assert "When not to use it" in about["parts"]
        part = await call("read_pattern", pattern="idempotent-proxy", part="when not to use it")
        assert len(part["text"]) == about["parts"]["When not to use it"]
        files = await call("list_files", pattern="idempotent-proxy")
        file = await call("read_file", pattern="idempotent-proxy", path="template.yaml", page=2)
        assert file["text"] in (ROOT / "patterns_content/idempotent-proxy/template.yaml").read_text()
        assert files["files"]["template.yaml"] > len(file["text"])
        ledger = await call("read_ledger", pattern="idempotent-proxy")
        assert all(row["difference"] for row in ledger["items"])
        cost = await call("estimate_cost", pattern="idempotent-proxy", requests_per_month=2_000_000)
        half = await call("estimate_cost", pattern="idempotent-proxy", requests_per_month=1_000_000)
        assert float(cost["usd_a_month"]) > float(half["usd_a_month"]) > 0

        made = await call("run_pattern", pattern="idempotent-proxy")
        lab = made["lab"]
        assert "<h1" in await to_thread.run_sync(read, made["page"])
        step = await call("take_step", lab=lab, step="charge")
        assert step["ok"], step
        order = json.dumps({"order_id": "A-1", "amount_cents": 100})
        sent = await call("send_request", lab=lab, method="POST", path="/charges", body=order)
        assert sent["status"] == 400  # without a key
        assert sent["trace"].startswith("1-")
        happened = await call("what_happened", lab=lab, contains=sent["trace"])
        assert any('"path": "/charges"' in line for line in happened["items"])
        listed = await call("break_lab", lab=lab)
        assert "forbid-charging" in [lever["id"] for lever in listed["levers"]]
        broken = await call("break_lab", lab=lab, lever="forbid-charging")
        assert broken["pulled"]
        assert not (await call("break_lab", lab=lab, lever="forbid-charging", undo=True))["pulled"]
        assert float((await call("lab_bill", lab=lab))["so_far"]["usd"]) > 0
        await call("end_lab", lab=lab)
        assert "Call run_pattern for a new lab" in await assistant.refused("take_step", lab=lab, step="charge")

        compared = await call("compare_pattern", pattern="idempotent-proxy")
        assert all(claim["ok"] for claim in compared["claims"])
        longest = max(answers, key=lambda answer: len(json.dumps(answer)))
        assert len(json.dumps(longest)) < MOST_CHARACTERS, longest
    await_true(lambda: processes_with(f"TMPDIR={tmp_path}") == [], 60)
    assert left_in(tmp_path) == []


def test_the_documents_name_exactly_the_tools() -> None:
    table = (ROOT / "docs/mcp.md").read_text().partition("## Tools")[2]
    assert set(re.findall(r"`([a-z]+_[a-z]+)`", table)) == set(_DESCRIPTIONS)
    skill = SKILL.read_text()
    named = set(re.findall(r"`([a-z]+_[a-z]+)`", skill)) - {"expects_more"}
    assert named <= set(_DESCRIPTIONS)
    assert len(named) > 10
