"""What the labs' API takes and gives, as schemas for /openapi.json; a test holds the answers against them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from catalogue.patterns.documents.models import Document, Url


class Open(Document):
    """A document to which later versions may add members."""

    model_config = ConfigDict(extra="allow")


class NewLab(Document):
    pattern: str
    """Slug of a runnable pattern."""


class Progress(Open):
    """CloudFormation's progress with a lab's stack."""

    done: int
    """Resources created."""
    total: int | None
    """Resources in all; null until it is known."""
    now: list[str]
    """Logical ids that are being created, the newest first."""
    text: str
    """The same in words: `3 of 11 resources created, now OrderQueue`."""


class Lab(Open):
    """One visitor's deployed copy of a pattern."""

    id: str
    pattern: str
    """Slug."""
    variant: str
    """Which of the pattern's templates it deploys."""
    status: Literal["deploying", "ready", "failed", "gone"]
    reason: str = ""
    """Why it failed or is gone, in CloudFormation's own words where it said something."""
    endpoint: Url
    """Base address of the lab's own HTTP endpoint, without a trailing slash; anyone who knows it may call it."""
    page: Url
    created_at: datetime
    ready_at: datetime | None = None
    deploy_ms: int | None = None
    """From the request to a ready endpoint."""
    expires_at: datetime
    """When the lab is deleted at the latest."""
    ends_at: datetime
    """When the lab is deleted if it is not used again: then or at the idle limit, whichever is nearer."""
    extendable: bool
    """Whether its owner may still ask for more time, which is given once."""
    pulled: list[str]
    """Ids of the levers that are pulled: faults that are in force now."""
    progress: Progress | None = None
    """How far CloudFormation is, while it creates the stack on AWS."""
    shared: bool = False
    """Whether the stack serves all visitors of the pattern at once; then `notice` says what that means."""
    notice: str = ""
    drawing: str = ""
    """Of a template opened with `serverless-patterns open`: another value means that its page has changed."""


class OwnLab(Lab):
    title: str
    ends_at: datetime
    """When it is deleted if no one uses it until then: the nearer end of its lifetime and its idle time."""
    seconds_left: int
    comparison: str | None = None
    """Address of the comparison that it is one side of."""


class OwnLabs(Open):
    labs: tuple[OwnLab, ...]
    """The one that ends next first."""


class CreatedLab(Lab):
    token: str
    """Shown once. As `Authorization: Bearer …` it manages the lab for those without the owner's cookie."""


class TakeStep(Document):
    saved: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Values to use instead of, or besides, those that earlier steps saved."""


class AnswerDocument(Open):
    status: int
    headers: dict[str, str]
    """Names in lower case."""
    body: str
    ms: float
    """From sending the request to having read the answer, in milliseconds."""


class Check(Open):
    what: str
    """What had to be seen."""
    ok: bool
    seen: str


class KeptRun(Open):
    """Where a run is kept."""

    id: str
    page: str
    """Its address: a page, or JSON as `application/json`."""


class StepResult(Open):
    """What happened when a step of the demo was taken."""

    step: str
    ok: bool
    answers: list[AnswerDocument]
    checks: list[Check]
    saved: dict[str, Any]
    """Values for later steps."""
    cli: str | None = None
    """For an operation: the AWS CLI command that does the same."""
    run: KeptRun | None = None
    """Where all that was observed meanwhile is kept."""


class TakenSteps(Document):
    steps: list[StepResult]
    """The last result of each step, in the order in which they were taken. Of several answers, bodies are left out."""


class KeepRun(Document):
    trace: str
    """Trace id of a call that the lab has answered: the Root of its answer's X-Amzn-Trace-Id."""


class RunKept(Open):
    run: KeptRun


class SharedRun(Open):
    """A link by which anybody may see a run, without the lab it was of."""

    url: Url
    expires_at: datetime


class Lever(Open):
    """A fault that the lab's owner may put into the stack, and take out again where there is a way back."""

    id: str
    title: str
    """What pulling it does."""
    released: str | None
    """What releasing it does; null for what happens once."""
    notice: str
    """What to try while it is pulled, in Markdown."""
    pulled: bool


class Levers(Document):
    levers: list[Lever]


class MoveLever(Document):
    do: Literal["pull", "release", "try"]


class Challenge(Open):
    """A task, checked by the stack's own counts."""

    id: str
    title: str
    task: str
    """What to bring about, in Markdown."""
    hint: str
    twin: bool
    """Whether the naive twin must run beside the lab, as it does in a comparison."""
    since: float
    """Answers, runs and log lines count from then on; Unix seconds."""
    won: bool
    """Whether a check has found all of it in this lab, now or earlier."""
    ok: bool
    """Whether the last check did."""
    checks: list[Check]
    """What the last check found; empty before the first."""


class Challenges(Document):
    challenges: list[Challenge]


class TryChallenge(Document):
    do: Literal["check", "begin"]


class Slider(Open):
    """A setting of the stack, or an amount of traffic, that the lab's owner may choose from a range."""

    id: str
    title: str
    notice: str
    """What to try and what to look at, in Markdown."""
    least: int
    most: int
    step: int
    value: int
    """Where it is now."""
    sends: bool
    """Whether it sends so many requests, rather than setting something."""


class Sliders(Document):
    sliders: list[Slider]


class MoveSlider(Document):
    value: int


class MovedSlider(Open):
    slider: str
    value: int
    says: str
    cli: str | None
    """The AWS CLI command that sets the same; null for traffic."""


class ResetLevers(Document):
    do: Literal["release"]


class LeversReset(Open):
    pulled: list[str]
    """Ids of the levers that are pulled still: none, unless one was pulled meanwhile."""


class Trial(Open):
    answers: list[AnswerDocument]
    checks: list[Check]


class LeverOutcome(Open):
    """What came of moving or trying a lever."""

    lever: str
    do: Literal["pull", "release", "try"]
    pulled: bool
    """Whether it is pulled now."""
    changed: bool
    """False if it was as asked already, or was only tried."""
    says: str
    ok: bool
    """Whether all that was looked at was as it must be."""
    cli: str | None
    """The AWS CLI command that does the same as what was done."""
    trial: Trial | None = None
    """What was seen of a try, and of a lever that acts once."""
    run: KeptRun | None = None
    """Where all that was observed meanwhile is kept; there if anything was done or tried."""


class Problem(Open):
    """A refusal, RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""


class InsideEntry(Document):
    """One message, item, object, route, subscription or policy."""

    title: str
    text: str
    """At most 2,000 characters, then `…`."""
    facts: list[str]


class LabInside(Document):
    """What one resource of a lab holds at this moment."""

    resource: str
    """Logical ID."""
    type: str
    """CloudFormation's type."""
    kind: str
    """What the entries are: `Messages`, `Items`."""
    entries: list[InsideEntry]
    """20 at most."""
    more: bool
    """Whether there are others."""
    note: str
    """How this was read, or why it cannot be."""
    log: list[str] | None = None
    """The last lines of the resource's log, oldest first; missing where it writes none."""
