"""The catalogue for assistants, by the Model Context Protocol: https://modelcontextprotocol.io/specification

Needs the extra `mcp` (docs/mcp.md). Only `paging.py` and `site.py` do without it.
"""
