"""What the labs' API takes and gives, as schemas for /openapi.json; a test holds the answers against them."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from catalogue.patterns.documents import Document, Url


class Open(Document):
    """A document to which later versions may add members."""

    model_config = ConfigDict(extra="allow")


class NewLab(Document):
    pattern: str
    """Slug of a runnable pattern."""


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
    """Base address of the lab's own HTTP endpoint, without a trailing slash; whoever knows it may call it."""
    page: Url
    created_at: datetime
    ready_at: datetime | None = None
    deploy_ms: int | None = None
    """From the request to a ready endpoint."""
    expires_at: datetime
    """When the lab is deleted at the latest."""
    extendable: bool
    """Whether its owner may still ask for more time, which is given once."""


class CreatedLab(Lab):
    token: str
    """Shown once. As `Authorization: Bearer …` it manages the lab for those without the owner's cookie."""


class TakeStep(Document):
    saved: dict[str, str | int | float | bool] = Field(default_factory=dict)
    """Values to use instead of, or besides, those that earlier steps saved."""


class Answer(Open):
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


class StepResult(Open):
    """What happened when a step of the demo was taken."""

    step: str
    ok: bool
    answers: list[Answer]
    checks: list[Check]
    saved: dict[str, Any]
    """Values for later steps."""
    cli: str | None = None
    """For an operation: the AWS CLI command that does the same."""


class Problem(Open):
    """A refusal, RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
