"""The closed schema of compare.yaml: the traffic that a pattern and its naive twin both get, and what to read off them.

The two labs get the same requests in the same order. Operations may differ, since the two stacks have different
resources. Every figure is counted on each stack; `claims` are what the tests hold both to.
"""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from catalogue.patterns.content.schemas.names import CountName, with_text
from catalogue.patterns.content.schemas.pattern import Closed, Id, Line, LogicalId, Observe, Operation, Prose, Request
from catalogue.patterns.services.registry import registry

Side = Literal["pattern", "naive"]
STANDARD_FIGURES = (
    "requests",  # answered by the endpoint
    "invocations",  # of all functions
    "errors",  # invocations that failed
    "refused",  # answers of 400 to 499
    "failed",  # answers of 500 and above
    "p50_ms",  # of the answers below 500
    "p95_ms",
    "billed_ms",  # of all invocations
    "usd_per_million",  # what a million of such requests would cost, by the price list
    "usd_per_million_succeeded",  # the same for a million outcomes that the caller wanted, by `success`
)
"""Figures that every comparison has, on both sides."""


class Operations(Closed):
    """One AWS operation on each side, or on one of them."""

    pattern: Operation | None = None
    naive: Operation | None = None

    @model_validator(mode="after")
    def _at_least_one(self) -> Self:
        if self.pattern is None and self.naive is None:
            raise ValueError("name an operation for pattern, naive or both")
        return self


class Traffic(Closed):
    """One part of the traffic: both sides begin it at the same moment, and the next part when both are through.

    `{{run}}` in a request is the same text on both sides, new for each run of the comparison.
    """

    id: Id
    title: Annotated[str, StringConstraints(min_length=3, max_length=60)]
    wait: Annotated[float, Field(ge=0, le=15)] = 0
    request: Request | None = None
    operation: Operations | None = None
    save: dict[str, str] = Field(default_factory=dict)
    """As in a demo's step; each side keeps its own values, and an answer without the value saves nothing.

    A request that needs a value which its side has not got is not sent there, and the result says so.
    """
    only: Side | None = None
    """For what only one side can be asked: the other has no such address, and that is the point."""

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        if (self.request is None) == (self.operation is None):
            raise ValueError("a part of the traffic is either a request or an operation")
        if self.only is not None and self.request is None:
            raise ValueError("`only` goes with a request; an operation names its sides itself")
        return self


class Settle(Closed):
    """When a side has come to rest: what must hold before its figures are read.

    `invocations`, `errors`, `logged` and `items` count from when the traffic began, so that a second run waits as the
    first did; `messages` and `visible` are what is in the queue.
    """

    pattern: tuple[Observe, ...] = ()
    naive: tuple[Observe, ...] = ()


class Count(Closed):
    """A number read off one stack after the traffic: what has come about, or been added, since it began."""

    measure: CountName
    resource: LogicalId | None = None
    text: str | None = None
    """For `logged`: what a line must hold."""
    statuses: tuple[Annotated[int, Field(ge=100, le=599)], ...] = ()
    """For `answers`: which of them count; none means all."""
    of: tuple[Id, ...] = ()
    """For `answers`: ids of the traffic's parts; none means all."""
    headers: dict[str, str] = Field(default_factory=dict)
    """For `answers`: headers that those which count have, each with this value or matching `~pattern`."""

    @model_validator(mode="after")
    def _fields_fit(self) -> Self:
        if (self.measure == "answers") == (self.resource is not None):
            raise ValueError("every measure but `answers` needs a resource, and `answers` has none")
        known = registry().measures.get(self.measure)
        if (known is not None and known.text) != (self.text is not None):
            raise ValueError(f"`text` goes with measure: {with_text()}, and only with it")
        return self


class Reading(Closed):
    """A count, less another one: orders accepted less orders packed are orders lost."""

    count: Count
    minus: Count | None = None


class Figure(Closed):
    id: Id
    label: Annotated[str, StringConstraints(min_length=3, max_length=60)]
    why: Line
    """What the number tells."""
    better: Literal["less", "more"] | None = None
    """Which is the better of two different numbers; None where neither is."""
    pattern: Reading | None
    """None where the side has nothing of the kind: it reads as 0."""
    naive: Reading | None


class Bound(Closed):
    equals: float | None = None
    at_least: float | None = None
    at_most: float | None = None


class Claim(Closed):
    """What a figure must be: bounds for a side, or which side's is the smaller one."""

    figure: str
    """The id of a figure, or one of STANDARD_FIGURES."""
    pattern: Bound | None = None
    naive: Bound | None = None
    smaller: Side | None = None


class Success(Closed):
    """Which outcomes were wanted: the cost is divided by their number, so that a side is not cheap for doing less."""

    figure: str
    """The id of a figure of this comparison."""
    less: str | None = None
    """The id of another one, which counts those among them that were not wanted."""


class Comparison(Closed):
    naive: Line
    """The twin's design in one sentence."""
    story: Prose
    """What is sent to both, and what to look at."""
    traffic: Annotated[tuple[Traffic, ...], Field(min_length=1, max_length=12)]
    settle: Settle = Settle()
    figures: tuple[Figure, ...] = ()
    success: Success | None = None
    """None: every answer below 400 is a success."""
    claims: Annotated[tuple[Claim, ...], Field(min_length=1)]
    lesson: Prose
    """What the two columns say, told with no number in it."""
