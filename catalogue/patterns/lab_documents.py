"""What the labs' API takes and gives, as schemas for /openapi.json."""

from datetime import datetime
from typing import Any, Literal

from pydantic import ConfigDict, Field

from catalogue.patterns.documents import Document, Url

Status = Literal["deploying", "ready", "failed", "gone"]


class Open(Document):
    """A document that may carry further members."""

    model_config = ConfigDict(extra="allow")


class NewLab(Document):
    pattern: str
    """Slug of a runnable pattern."""


class Lab(Open):
    """One visitor's deployed copy of a pattern."""

    id: str
    status: Status
    reason: str = ""
    """Why it failed or is gone, in CloudFormation's own words where it said something."""
    endpoint: Url
    """Base address of the lab's own HTTP endpoint, without a trailing slash; whoever knows it may call it."""
    expires_at: datetime
    """When the lab is deleted at the latest."""


class CreatedLab(Lab):
    token: str
    """Shown once. As `Authorization: Bearer …` it manages the lab for those without the owner's cookie."""


class Answer(Open):
    status: int
    headers: dict[str, str] | list[list[str]]
    body: Any
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
    answers: list[Answer] = Field(default_factory=list)
    checks: list[Check] = Field(default_factory=list)
    saved: dict[str, Any] = Field(default_factory=dict)
    """Values for later steps."""
    cli: str | None = None
    """For an operation: the AWS CLI command that does the same."""


class Problem(Open):
    """A refusal, RFC 9457."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str = ""
