"""The events of a lab's stream, as schemas for /openapi.json.

Source: https://html.spec.whatwg.org/multipage/server-sent-events.html
"""

from typing import Any, Literal

from pydantic import BaseModel, Field

from catalogue.patterns.documents.models import Document
from catalogue.patterns.documents.openapi.lab_documents import Lab, Open

type Json = dict[str, Any]


class Told(Open):
    at: float
    """When it happened, in Unix seconds."""
    edges: list[str] = Field(default_factory=list)
    """Keys of the diagram's edges that it used, in their order: `OrderApi>OrderQueue`."""


class LabState(Lab):
    """The lab, sent first and after each change."""

    at: float
    """When it was read, in Unix seconds."""
    trouble: str = ""
    """Why the lab does not answer at the moment."""


class LabRequest(Told):
    """A call of the lab's endpoint, as the edge saw it."""

    trace: str
    method: str
    path: str
    status: int
    ms: float
    """From its arrival to its answer."""


class LabLog(Told):
    """What a function wrote: `json` of a line that is a JSON object, else `message`."""

    function: str
    """Logical ID."""
    trace: str | None
    json_: dict[str, Any] | None = Field(default=None, alias="json")
    message: str | None = None


class LabInvocation(Told):
    """One execution of a function, from its REPORT line. `at` is when the handler began."""

    function: str
    """Logical ID."""
    request_id: str
    trace: str | None
    ms: float
    cold: bool
    init_ms: float | None
    billed_ms: int
    memory_mb: int
    error: bool


class LabGauge(Told):
    """A count that has changed: messages in a queue, items in a table."""

    resource: str
    """Logical ID."""
    measure: str
    value: int


class LabGone(Told):
    """The lab is deleted. The stream ends."""

    reason: str


EVENTS: dict[Literal["state", "request", "log", "invocation", "gauge", "gone"], type[BaseModel]] = {
    "state": LabState,
    "request": LabRequest,
    "log": LabLog,
    "invocation": LabInvocation,
    "gauge": LabGauge,
    "gone": LabGone,
}
"""The model of each event's `data`, by the event's name."""


class HappenedEvent(Document):
    """One event, as the stream gives it."""

    event: Literal["state", "request", "log", "invocation", "gauge", "gone"]
    data: LabState | LabRequest | LabLog | LabInvocation | LabGauge | LabGone


class LabHappened(Document):
    """What has happened in a lab so far."""

    events: list[HappenedEvent]
    """The newest 3,000 at most: the lab's state first, then its calls, then what the stack reports."""
    expects_more: bool
    """Whether the stack is at work: messages are on their way, or an invocation has not ended."""


def stream_schema() -> Json:
    """The stream as a list of its events: the fields that a client of server-sent events is given."""
    return {
        "type": "array",
        "items": {"oneOf": [{"$ref": f"#/components/schemas/{_name(model)}"} for model in EVENTS.values()]},
    }


def event_schemas() -> Json:
    """One schema for each event of the stream; its `data` is the JSON text of the event's model."""
    return {_name(model): _event(kind, model) for kind, model in EVENTS.items()}


def _name(model: type[BaseModel]) -> str:
    return f"{model.__name__}Event"


def _event(kind: str, model: type[BaseModel]) -> Json:
    return {
        "type": "object",
        "description": (model.__doc__ or "").strip(),
        "required": ["event", "data"],
        "properties": {
            "event": {"const": kind},
            "id": {"type": "string", "description": "Send it as Last-Event-ID to continue after this event."},
            "data": {
                "type": "string",
                "contentMediaType": "application/json",
                "contentSchema": {"$ref": f"#/components/schemas/{model.__name__}"},
            },
        },
    }
