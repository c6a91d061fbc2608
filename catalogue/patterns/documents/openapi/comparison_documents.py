"""What a comparison of a pattern with its naive twin takes and gives, as schemas for /openapi.json."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from catalogue.patterns.documents.models import Url
from catalogue.patterns.documents.openapi.lab_documents import Check, CreatedLab, Lab, Open


class ComparedLabs(Open):
    pattern: Lab
    naive: Lab


class CreatedLabs(Open):
    pattern: CreatedLab
    naive: CreatedLab


class SentPart(Open):
    """One part of the traffic as one side had it."""

    at_ms: float
    """From the traffic's beginning."""
    ms: float
    """Until its last answer."""
    statuses: dict[str, int]
    """How often each status was answered."""
    cli: str = ""
    """For an operation: the AWS CLI command that does the same."""
    left_out: str = ""
    """Why nothing was sent to this side."""


class ComparedPart(Open):
    id: str
    title: str
    pattern: SentPart
    naive: SentPart


class Latency(Open):
    part: str
    ms: float
    status: int


class SideCost(Open):
    usd: str
    """Of the run itself at list prices, exact."""
    usd_per_million: float
    """A month with a million such requests, without the free tier."""


class SideResult(Open):
    figures: dict[str, float | None]
    """By id; null where it could not be counted."""
    statuses: dict[str, int]
    latencies: list[Latency]
    unsettled: list[str]
    """What had not come to rest when the side was counted."""
    cost: SideCost | None
    run: str | None
    """Address of the side's run, to be replayed; null once it is no longer kept."""


class ComparedSides(Open):
    pattern: SideResult
    naive: SideResult


class ComparedFigure(Open):
    id: str
    label: str
    why: str
    """What the number tells."""
    unit: Literal["count", "ms", "usd"]
    pattern: float | None
    naive: float | None
    better: Literal["pattern", "naive"] | None
    """Null where neither is, or where they differ by no more than chance."""


class ComparisonResult(Open):
    """What both stacks did under the same traffic, counted on each of them."""

    run: str
    """What `{{run}}` stood for in the requests."""
    at: float
    """Unix seconds."""
    ms: float
    """Until both had come to rest."""
    parts: list[ComparedPart]
    sides: ComparedSides
    claims: list[Check]
    """What the pattern's author says of the figures, held against them."""
    figures: list[ComparedFigure] = Field(default_factory=list)


class ComparisonState(Open):
    """A visitor's two labs of one pattern: the pattern itself and its naive twin."""

    id: str
    pattern: str
    """Slug."""
    state: Literal["ready", "running", "done", "failed"]
    reason: str = ""
    """Why the last run came to no result."""
    page: Url
    labs: ComparedLabs
    created_at: datetime
    now: float
    """This site's clock, Unix seconds: events of the labs' streams from then on are later than this answer."""
    result: ComparisonResult | None = None
    """Of the latest run that came to one."""


class CreatedComparison(ComparisonState):
    labs: CreatedLabs  # type: ignore[assignment]  # the same with their tokens, either of which manages the comparison
