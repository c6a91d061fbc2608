"""Where labs are deployed: one interface, two implementations (`embedded`, `aws`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.conf import settings

from catalogue import env

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.runs.document import Use


class TargetDown(Exception):
    """The AWS endpoint does not answer; the message is fit for a visitor."""


class Resource(NamedTuple):
    """A deployed resource: its CloudFormation type and its physical id."""

    type: str
    id: str


Resources = Mapping[str, Resource]
"""A stack's resources by logical id."""


class Target(Protocol):
    """What the labs need of an AWS endpoint beyond its API."""

    name: str
    region: str
    patience: float
    """Seconds that creating a lab may wait for it to be ready."""
    deploy_seconds: float
    """Seconds after which an unfinished deployment counts as failed."""
    poll_seconds: float
    """Pause between two readings of logs and counts while somebody watches."""
    log_delay_ms: int
    """How late a log line may appear with an older timestamp."""
    boot_header: str | None
    """A header of every answer that names the boot it came from, where there is such a thing."""

    def client(self, service: str) -> Any:
        """A boto3 client, made once and safe to use from many threads."""

    def boot_id(self) -> str:
        """Names the state that labs live in: another id means that older labs are lost. Raises TargetDown."""

    def bucket(self) -> str:
        """The S3 bucket for artifacts; it exists after this call."""

    def adapt(self, template: dict[str, Any]) -> dict[str, Any]:
        """The template as it must be deployed here."""

    def stack_options(self) -> dict[str, Any]:
        """More arguments of create_stack."""

    def upstream(self, endpoint: str) -> str:
        """The address to call for a stack's output `Endpoint`, without a slash at its end."""

    def after_deploy(self, template: Callable[[], Mapping[str, Any]], resources: Resources) -> None:
        """Finish what CloudFormation left undone; may run twice."""

    def before_delete(self, resources: Resources) -> None:
        """Prepare a stack's deletion; may run twice."""

    def uses(self, resources: Resources, since: float) -> list[Use] | None:
        """What the stack was used for from `since` (Unix seconds) on, as far as it can be told; None if it cannot.

        The site's own requests, made to watch the stack, do not count.
        """


def get_target() -> Target:
    """The configured target, one object per process and configuration."""
    if settings.LABS_TARGET == "aws":
        from catalogue.labs.targets.aws import aws_target

        return aws_target()
    return _embedded(embedded_url())


def embedded_url() -> str:
    """Address of the embedded AWS (EMBEDDED_AWS_URL, set by whoever started it); empty if there is none."""
    return env.text("EMBEDDED_AWS_URL", "").rstrip("/")


@lru_cache(maxsize=8)
def _embedded(url: str) -> Target:
    from catalogue.labs.targets.embedded import EmbeddedTarget

    return EmbeddedTarget(url)
