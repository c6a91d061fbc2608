"""The addresses of a pattern in the forms of other tools, for /openapi.json."""

from catalogue.patterns.documents.openapi.paths import _SLUG, Json, _binary, _get, _text


def export_paths() -> Json:
    one = {"parameters": [_SLUG]}
    return {
        "/patterns/{slug}/diagram.mmd": one
        | _get(
            "getMermaid",
            "A pattern's diagram as Mermaid",
            "The diagram as a flowchart in Mermaid's language.",
            _text("text/vnd.mermaid", "A flowchart."),
        ),
        "/patterns/{slug}/diagram.drawio": one
        | _get(
            "getDrawio",
            "A pattern's diagram for draw.io",
            "The diagram as a draw.io file, with boxes and arrows where the picture has them.",
            _binary("application/vnd.jgraph.mxfile", "One page."),
        ),
        "/patterns/{slug}/block.md": one
        | _get(
            "getBlock",
            "A pattern for a design document",
            "Question, answer, diagram in Mermaid, flow, prices and source, as Markdown to paste.",
            _text("text/markdown", "A section that begins with a heading."),
        ),
        "/patterns/{slug}/recorded.otlp.json": one
        | _get(
            "getRecordedTraces",
            "A recorded run as OpenTelemetry's spans",
            "Requests and invocations of the recorded run as spans, in OTLP's JSON.",
            _binary("application/json", "For a viewer of traces."),
        ),
    }
