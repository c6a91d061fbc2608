"""What the labs need of an AWS endpoint: one interface, two implementations (`embedded`, `aws`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from catalogue.base.target_names import TargetName

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.labs.aws.progress import Progress
    from catalogue.labs.lifecycle.limits import Gate
    from catalogue.labs.models import Lab
    from catalogue.patterns.runs.document import Use

OUT_OF_REACH = "This lab runs on another machine of this site, which cannot be reached right now."


class TargetDown(Exception):
    """The AWS endpoint does not answer; the message is fit for a visitor."""


class TargetStarting(TargetDown):
    """Nothing listens at the endpoint, or what does is about to end: it is probably starting again."""


class Resource(NamedTuple):
    """A deployed resource: its CloudFormation type and its physical id."""

    type: str
    id: str


Resources = Mapping[str, Resource]
"""A stack's resources by logical id."""


class Door(NamedTuple):
    """An address of a resource of a lab that takes presigned requests."""

    logical: str
    """The resource's logical id."""
    id: str
    """Its physical id."""
    type: str
    path: str
    """Its path below the lab's endpoint: `/_s3/<bucket>`."""
    signed: str
    """The address that the lab's functions sign, without a slash at its end."""
    upstream: str
    """Where the edge sends a request."""
    host: str
    """The Host header, which is part of what is signed."""
    moved: bool
    """Whether visitors cannot reach `signed`, so that answers must name the edge's own address."""


class Target(Protocol):
    """What the labs need of an AWS endpoint beyond its API."""

    name: TargetName
    region: str
    patience: float
    """Seconds that creating a lab may wait for it to be ready."""
    deploy_seconds: float
    """Seconds after which an unfinished deployment counts as failed."""
    look_seconds: float
    """Least pause between two looks of a process at a stack that is being deployed; others may look at it, too."""
    poll_seconds: float
    """Pause between two readings of logs and counts while a page is watching."""
    log_delay_ms: int
    """How late a log line may appear with an older timestamp."""
    boot_header: str | None
    """A header of every answer that names the boot it came from, where there is such a thing."""

    @property
    def artifact_prefix(self) -> str:
        """What the keys of artifacts in the bucket begin with; empty, or with a slash at its end."""

    def client(self, service: str) -> Any:
        """A boto3 client, made once and safe to use from many threads."""

    def boot_id(self) -> str:
        """Names the state that labs live in: another id means that older labs are lost. Raises TargetDown."""

    def boot_for_work(self) -> str:
        """The same, right before a lab is made or stacks are swept: what answers stays that long. Raises TargetDown."""

    def bucket(self) -> str:
        """The S3 bucket for artifacts; it exists after this call."""

    def adapt(self, template: dict[str, Any]) -> dict[str, Any]:
        """The template as it must be deployed here."""

    def stack_options(self) -> dict[str, Any]:
        """More arguments of create_stack."""

    def gate(self) -> Gate | None:
        """What else may refuse a new lab here, if anything; see `labs.lifecycle.limits.admission`.

        What it must ask AWS is asked now, so that the gate itself is quick. Raises TargetDown.
        """

    def progress(self, stack: str) -> Progress | None:
        """How far CloudFormation is with this stack; None where it is not told, or takes no time."""

    def settle(self, lab: Lab) -> None:
        """Keep account of a lab whose stack is about to be deleted; may run twice."""

    def upstream(self, endpoint: str) -> str:
        """The address to call for a stack's output `Endpoint`, without a slash at its end. Raises ValueError."""

    def doors(self, resources: Resources) -> tuple[Door, ...]:
        """The addresses at which resources of a stack take presigned requests."""

    def after_deploy(self, template: Callable[[], Mapping[str, Any]], resources: Resources) -> None:
        """Finish what CloudFormation left undone; may run twice.

        `template` gives the resources as they are deployed, see `Stack.deployed`. Raises ClientError, ValueError.
        """

    def before_delete(self, resources: Resources) -> None:
        """Prepare a stack's deletion; may run twice."""

    def uses(self, resources: Resources, since: float) -> list[Use] | None:
        """What the stack was used for from `since` (Unix seconds) on, as far as it can be told; None if it cannot.

        The site's own requests, made to watch the stack, do not count.
        """

    def peek(self, service: str, physical: str) -> list[dict[str, Any]] | None:
        """What a resource of a service (its key) holds, without a call of AWS's API that would change it.

        None where there is no way to look, as on AWS. Raises TargetDown.
        """
