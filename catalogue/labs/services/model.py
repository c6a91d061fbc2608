"""What labs need of one AWS service: the shape of the modules in this package.

A module is found by its file and defines `SERVICE`; nothing lists it (see CONTRIBUTING.md, "Add a service"). The
emulator's own process reads these modules too. So they import neither Django nor what reads content.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:  # see above
    from catalogue.labs.embedded.counting.counter import Counter
    from catalogue.labs.services.contents import Contents
    from catalogue.labs.services.operating import Stack
    from catalogue.labs.targets.base import Resource, Resources, Target
    from catalogue.patterns.content.schemas.pattern import Operation

type ClientOf = Callable[[str], Any]
"""Gives the boto3 client of a service."""
type ReadGauges = Callable[[ClientOf, str], Mapping[str, int]]
"""Counts of a resource, by measure, of its physical id. Raises ClientError, BotoCoreError."""
type ReadContents = Callable[[Target, str], Contents]
"""Reads what a resource holds, of its physical id. Changes nothing. Raises ClientError, BotoCoreError, TargetDown."""
type Perform = Callable[[Stack, Operation], str]
"""Does an operation and returns the AWS CLI command that does the same. Raises OperationFailed, ClientError."""
type Properties = Mapping[str, Any]
type Template = Mapping[str, Any]


class Metric(NamedTuple):
    """A metric of CloudWatch that counts an operation."""

    namespace: str
    name: str
    dimension: str
    operation: str
    counts: str | None = None
    """Another metric that counts the operations, where this one's sum is their units."""


class LogMeasured(NamedTuple):
    """What a measure that is read from logs gets."""

    target: Target
    logical: str
    resource: Resource
    since_ms: int
    text: str
    """What a line must hold; empty for any."""


class Leftover(NamedTuple):
    """A kind of resource that a deleted stack may leave behind on a real account."""

    arn: re.Pattern[str]
    """The ARN under which its tags are found."""
    delete: Callable[[ClientOf, str], Any]
    """Deletes the resource of this ARN. Several runs do no harm. Raises ClientError."""


class Endpoint(NamedTuple):
    """A form of address that a stack's output `Endpoint` may have."""

    on_aws: re.Pattern[str]
    embedded: str
    """The path that leads there on the emulator, with the pattern's groups in braces."""
    emulated: re.Pattern[str] | None = None
    """The form that the emulator gives the address, where it is another; with the same groups."""


class Presigned(NamedTuple):
    """Requests that carry their own signature, which a visitor may send to a resource past the lab's API."""

    refusal: Callable[[str, str, Collection[str], str], str]
    """Why a request is not passed on, of its method, what follows the resource in its path (without a slash before it),
    the names in its query, and its content type: a sentence; empty if it is passed on."""
    on_aws: tuple[str, ...]
    """The resource's addresses on AWS, with {id} and {region}."""
    embedded: str
    """Its path on the emulator, with {id}."""
    bytes_in: Callable[[ClientOf, str], int]
    """What the resource of this physical id holds. Raises ClientError, BotoCoreError."""
    most_bytes: int
    """What it may hold before the next upload is refused."""


class Arrow(NamedTuple):
    """A relation between two resources; see `catalogue/patterns/services/kinds.py`."""

    kind: str
    source: str
    """Resource type; empty for what is in no template."""
    target: str


def last_part(name: str) -> str:
    """`orders` of `https://sqs…/000000000000/orders` and of `arn:aws:sqs:…:orders`."""
    return re.split(r"[/:]", name)[-1]


@dataclass(frozen=True)
class LabService:
    key: str
    """As in `catalogue/patterns/services/`."""
    clients: tuple[str, ...] = ()
    """boto3 clients that nearly every lab needs, made before the first one does."""

    gauges: Mapping[str, ReadGauges] = field(default_factory=dict)
    """By resource type: the counts that a watched lab shows."""
    levels: tuple[str, ...] = ()
    """The measures that `gauges` return, as the content's half declares them."""
    moving: tuple[str, ...] = ()
    """Gauges that say, above zero, that the stack is at work by itself. Others count what stays."""
    held: tuple[str, ...] = ()
    """Gauges of what a consumer holds."""
    measures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What a demo can count, as a sum of gauges: `messages` are those that wait and those that are held."""
    contents: Mapping[str, ReadContents] = field(default_factory=dict)
    """By resource type: what a resource holds, for a visitor who looks inside."""
    peek: Callable[[str], list[dict[str, Any]] | None] | None = None
    """Runs in the emulator's process: what a resource of this physical id holds, where AWS's API cannot show it without
    a change. None if there is no such resource."""
    log_groups: Mapping[str, str] = field(default_factory=dict)
    """By resource type: the log group of what runs code, with {} for its physical id."""
    log_measures: Mapping[str, Callable[[LogMeasured], int]] = field(default_factory=dict)
    """What a demo can count in logs. Each raises ClientError, BotoCoreError."""

    operations: Mapping[str, Perform] = field(default_factory=dict)
    """What levers can do."""
    arns: Mapping[str, Callable[[ClientOf, str], list[str]]] = field(default_factory=dict)
    """By resource type: the ARNs by which IAM knows a resource, of its physical id."""
    permissions: Mapping[str, str] = field(default_factory=dict)
    """By operation: the IAM action that allows it, where the emulator asks for another one than AWS."""
    as_on_aws: Callable[[str, str], str] | None = None
    """An AWS CLI command with the addresses that the service's resources have in this region of AWS."""
    plain_ids: tuple[str, ...] = ()
    """Types whose physical ids are words that have other meanings too, such as a stage's name."""

    counted: tuple[str, ...] = ()
    """Resource types whose uses are counted under this service."""
    uses: frozenset[str] = frozenset()
    """The operations that are counted. Each has a price, or is known to be free."""
    counts_logs: bool = False
    """Whether what `log_groups` receive is counted under this service, for the resource that writes it."""
    count: Callable[[Counter], None] | None = None
    """Patches the imported emulator so that it counts them."""
    name_of: Callable[[str], str] = last_part
    """A resource's name, out of whatever names it: a physical id, an ARN, an address."""
    seen_otherwise: bool = False
    """Whether a run has the moments of these operations from its calls, logs and counts already."""
    metrics: Mapping[str, tuple[Metric, ...]] = field(default_factory=dict)
    """By resource type: where CloudWatch counts the operations on AWS."""
    log_metrics: tuple[Metric, ...] = ()
    """The same of log groups, if it counts them."""
    dimension: Callable[[ClientOf, Resource], str] | None = None
    """The value of the metrics' dimension, where it is not the resource's name."""

    endpoints: tuple[Endpoint, ...] = ()
    """What of the service a lab's calls can be sent to."""
    presigned: Mapping[str, Presigned] = field(default_factory=dict)
    """By resource type: what of it a visitor can reach with a signature that a function of the lab has made."""
    not_emulated: Callable[[Arrow], str | None] | None = None
    """Why the emulator deploys this arrow and nothing flows along it: a sentence. None if something flows."""
    addresses: Callable[[Mapping[str, Any]], Iterator[dict[str, Any]]] | None = None
    """Values of outputs that give the addresses of what can be called, of the resources of a template without SAM's
    types."""
    sockets: Callable[[Mapping[str, Any]], Iterator[dict[str, Any]]] | None = None
    """The same for what takes WebSockets."""
    code: Mapping[str, tuple[str, str, str]] = field(default_factory=dict)
    """By type: the property that may name local code, and what bucket and key are called in it."""
    write_out: Callable[[dict[str, Any]], None] | None = None
    """Changes a template without SAM's types: what the emulator deploys only as resources of its own becomes such."""
    adapt: Callable[[dict[str, Any]], None] | None = None
    """Changes a resource of a template, by what the emulator does not accept."""
    restore: Callable[[ClientOf, Template, Resources], None] | None = None
    """Puts back what the emulator's CloudFormation drops. Gets the resources as deployed; may run twice.
    Raises ClientError, ValueError."""
    before_delete_embedded: Callable[[ClientOf, Resources], None] | None = None
    """Prepares the deletion of a stack on the emulator. May run twice."""
    before_delete_aws: Callable[[ClientOf, Resources], None] | None = None
    """Prepares the deletion of a stack on AWS. May run twice."""

    on_aws: tuple[str, ...] = ()
    """Resource types that a lab may make on a real account."""
    has_boundary: tuple[str, ...] = ()
    """Those that are roles or make one, and so must have the permissions boundary."""
    leftovers: tuple[Leftover, ...] = ()
