"""The run document: one trace, from which every view is drawn. Live, recorded and shared runs all are this value.

Times are milliseconds from the run's start, as floats. A run holds what was observed, in the order in which it
happened, and nothing that a stranger must not see: no lab's address, no header, no token (see
`catalogue.labs.demos.runs.redact`).
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, Field, ValidationError

from catalogue.base.target_names import AWS, TargetName
from catalogue.patterns.content.schemas.names import LevelName
from catalogue.patterns.content.schemas.pattern import Closed

Ms = Annotated[float, Field(ge=0)]


class Request(Closed):
    """A call as the edge saw it: `at` is its arrival, `ms` the time to its answer."""

    kind: Literal["request"] = "request"
    at: Ms
    ms: Ms
    trace: str
    method: str
    path: str
    status: int


class Invocation(Closed):
    """One execution of a function, from its REPORT line. `at` is when the handler began."""

    kind: Literal["invocation"] = "invocation"
    at: Ms
    ms: Ms
    function: str
    """Logical id."""
    trace: str | None = None
    cold: bool = False
    init_ms: float | None = None
    memory_mb: int
    billed_ms: int
    error: bool = False


class Log(Closed):
    """What a handler said: `fields` of its JSON line, or `text` of a plain one."""

    kind: Literal["log"] = "log"
    at: Ms
    function: str
    trace: str | None = None
    step: str | None = None
    """The line's own name for what was done."""
    fields: dict[str, Any] = Field(default_factory=dict)
    text: str | None = None


class Gauge(Closed):
    """A count that has changed: messages in a queue, items in a table."""

    kind: Literal["gauge"] = "gauge"
    at: Ms
    resource: str
    measure: LevelName
    value: int


Event = Annotated[Request | Invocation | Log | Gauge, Field(discriminator="kind")]


class ActionAnswer(Closed):
    status: int
    ms: Ms
    body: str = ""
    """Its beginning, as text."""


class Check(Closed):
    what: str
    ok: bool
    seen: str


class Action(Closed):
    """A step of the demo, a lever, or a call of the visitor's own, within the run."""

    at: Ms
    ms: Ms
    id: str | None
    """The step's id; None for what is no step."""
    title: str
    action: Annotated[str, Field(validation_alias=AliasChoices("action", "deed"))]
    """What was done: `POST /orders, 50 times`."""
    answers: tuple[ActionAnswer, ...] = ()
    checks: tuple[Check, ...] = ()
    cli: str | None = None


class Use(Closed):
    """How often an AWS operation was asked for: what the bill is made of."""

    service: str
    """Key of a service."""
    operation: str
    """`SendMessage`."""
    resource: str | None
    """Logical id, where it is known."""
    count: int
    units: float
    """Priced units: chunks of 64 KB for SQS and SNS, read or write units for DynamoDB, else the count."""
    at: tuple[float, ...] = ()
    """When, in ms of the run, once for each and oldest first; empty where the target tells no moments."""


class LeftOut(Closed):
    """Events that happened and are not among a run's `events`, since there were too many of them."""

    kind: Literal["request", "invocation", "log", "gauge"]
    what: str | None
    """The function or resource; None for requests."""
    count: Annotated[int, Field(ge=1)]
    billed_ms: int = 0
    """Of invocations: all together."""


class Unreadable(ValueError):
    """A document that is no run of this version."""


class Run(Closed):
    version: Literal[1] = 1
    pattern: str
    variant: Literal["pattern", "naive"] = "pattern"
    title: str
    target: TargetName
    run_hash: str
    """Pattern.run_hash of the content that ran."""
    recorded_at: datetime
    ms: Ms
    """How long it lasted."""
    actions: Annotated[tuple[Action, ...], Field(validation_alias=AliasChoices("actions", "deeds"))]
    """Runs that were kept before December 2026 call them deeds."""
    events: tuple[Event, ...]
    left_out: tuple[LeftOut, ...] = ()
    """What makes `events` complete: a count adds these."""
    uses: tuple[Use, ...] = ()
    """Empty where the target cannot tell them yet."""

    @property
    def on_aws(self) -> bool:
        return self.target == AWS


def read_run(document: Any) -> Run:
    """The run that a database or a file has kept. Raises Unreadable."""
    try:
        return Run.model_validate(document)
    except (ValidationError, RecursionError) as error:
        raise Unreadable(str(error)) from None
