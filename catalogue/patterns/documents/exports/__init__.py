"""A pattern for other tools: its diagram as Mermaid and draw.io, a Markdown block, a run as OpenTelemetry's spans."""
