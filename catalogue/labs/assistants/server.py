"""The server's tools, each with what it does, what it takes, and whether it changes anything."""

import inspect
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from anyio import to_thread
from asgiref.typing import ASGI3Application
from django.conf import settings
from mcp.server.mcpserver import MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp.server.mcpserver.resources import TextResource
from mcp.types import ToolAnnotations

from catalogue.labs.assistants import reading
from catalogue.labs.assistants.paging import NoSuchPage
from catalogue.labs.assistants.running import Running
from catalogue.labs.assistants.site import Site

SKILL = Path(__file__).with_name("SKILL.md")
INSTRUCTIONS = (
    "Serverless patterns on AWS that can be run. Search by the problem, read the pattern's parts that you need, then "
    "run it: you get a stack of your own on an embedded AWS, which ends by itself. Long answers come in pages: `page` "
    "and `pages`. read_ledger says where the embedded AWS differs from AWS. Errors say what to do next."
)
_READS = ToolAnnotations(read_only_hint=True, open_world_hint=False)
_ACTS = ToolAnnotations(read_only_hint=False, destructive_hint=False, open_world_hint=False)
_ENDS = ToolAnnotations(read_only_hint=False, destructive_hint=True, idempotent_hint=True, open_world_hint=False)

_DESCRIPTIONS = {
    "search_patterns": "Find patterns by a problem in words, such as `orders are lost when the database is slow`.",
    "list_patterns": "List all patterns of the catalogue.",
    "read_pattern": (
        "Read a pattern. Without `part`: its question, answer, and the names of its parts, steps and levers. "
        "With `part`: that part of its page as Markdown."
    ),
    "list_files": "List a pattern's files: template, handlers, tests, with their length in characters.",
    "read_file": "Read one file of a pattern, as it is deployed.",
    "read_ledger": "Read where a pattern's lab differs from AWS: what AWS documents, what the embedded AWS did.",
    "estimate_cost": "Estimate what a pattern costs a month at AWS's list prices, for a number of requests.",
    "run_pattern": "Deploy a pattern as a stack of your own. Returns the `lab` that other tools need and its endpoint.",
    "take_step": "Take one step of a pattern's demo in a lab: what was sent, answered, expected and seen.",
    "send_request": "Send a request to a lab's own endpoint. `path` begins with a slash.",
    "break_lab": "Cause a fault in a lab, such as a stopped consumer, or `undo` it. Without `lever`: list the faults.",
    "what_happened": (
        "Read what happened in a lab so far: calls, invocations, log lines, counts. `contains` keeps only lines with a "
        "text, such as a trace ID. `expects_more` says that the stack is still at work."
    ),
    "lab_bill": "Read what a lab has cost so far at AWS's list prices, and what a month of such requests would cost.",
    "end_lab": "Delete a lab and all that is in it. It cannot be brought back.",
    "compare_pattern": "Send the same traffic to a pattern and to its naive design, and read the figures.",
    "draw_template": "Check a SAM or CloudFormation template: proven arrows, lint, prices. Deploys nothing.",
}


def assistants_server(application: ASGI3Application) -> MCPServer[Any]:
    """A server whose tools ask `application`, the site of this process."""
    server: MCPServer[Any] = MCPServer(
        name="serverless-patterns",
        title=settings.SITE_NAME,
        instructions=INSTRUCTIONS,
        website_url=settings.SITE_URL,
        log_level="WARNING",
    )
    server.add_resource(
        TextResource(
            uri="skill://serverless-patterns",
            name="serverless-patterns",
            description="How to use these tools.",
            mime_type="text/markdown",
            text=SKILL.read_text("utf-8"),
        )
    )
    labs = Running(Site(application))
    tools: tuple[Callable[..., Any], ...] = (
        *(reading.search_patterns, reading.list_patterns, reading.read_pattern, reading.list_files),
        *(reading.read_file, reading.read_ledger, reading.estimate_cost, labs.what_happened, labs.lab_bill),
        labs.draw_template,
    )
    for tool in tools:
        _add(server, tool, _READS)
    acting: tuple[Callable[..., Any], ...] = (labs.run_pattern, labs.take_step, labs.send_request, labs.break_lab)
    for tool in (*acting, labs.compare_pattern):
        _add(server, tool, _ACTS)
    _add(server, labs.end_lab, _ENDS)
    return server


def _add(server: MCPServer[Any], tool: Callable[..., Any], annotations: ToolAnnotations) -> None:
    name = tool.__name__
    server.add_tool(_helpful(tool), name=name, description=_DESCRIPTIONS[name], annotations=annotations)


def _helpful(tool: Callable[..., Any]) -> Callable[..., Any]:
    """The tool as a coroutine. Its expected failures reach the assistant as an error that says what to do."""

    @wraps(tool)
    async def called(**arguments: Any) -> dict[str, Any]:
        try:
            if inspect.iscoroutinefunction(tool):
                found: dict[str, Any] = await tool(**arguments)
                return found
            return await to_thread.run_sync(lambda: tool(**arguments))
        except NoSuchPage as error:
            raise ToolError(str(error)) from None

    return called
