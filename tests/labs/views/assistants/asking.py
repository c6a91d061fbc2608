"""Calls of tools as an assistant makes them, with the SDK's own client."""

from dataclasses import dataclass
from typing import Any

from mcp import Client
from mcp.types import TextContent


@dataclass(frozen=True)
class Assistant:
    client: Client

    async def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The answer of a tool that does what it was asked."""
        result = await self.client.call_tool(tool, arguments)
        assert not result.is_error, result.content
        answer: dict[str, Any] | None = result.structured_content
        assert answer is not None
        return answer

    async def refused(self, tool: str, **arguments: Any) -> str:
        """What a tool says that does not."""
        result = await self.client.call_tool(tool, arguments)
        assert result.is_error, result.structured_content
        (content,) = result.content
        assert isinstance(content, TextContent)
        return str(content.text)
