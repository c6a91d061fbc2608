"""What the catalogue knows of one AWS service: the shape of the modules in this package.

A module is found by its file and defines `SERVICE`; nothing lists it (see CONTRIBUTING.md, "Add a service").
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Literal

from catalogue.patterns.cloudformation.stack.physical import Naming

if TYPE_CHECKING:
    from catalogue.patterns.cloudformation.arrows.view import View
    from catalogue.patterns.cloudformation.stack.stack import Deployed
    from catalogue.patterns.cloudformation.template import Resource, Template
    from catalogue.patterns.content.parsing.mistakes import ContentError
    from catalogue.patterns.content.schemas.pattern import Operation
    from catalogue.patterns.runs.document import Run, Use

HOURS_A_MONTH = 730
"""What AWS's own calculator takes for a month: https://docs.aws.amazon.com/pricing-calculator/latest/userguide/"""

Role = Literal["actor", "gateway", "cache", "function", "queue", "topic", "table", "other"]
"""What a resource is in a picture."""


@dataclass(frozen=True)
class Shell:
    """Shell commands about a resource of a reader's own stack: formats with {id}, its logical id. `resource Id` is a
    function that prints the physical id."""

    arn: str = "$(resource {id})"
    """Prints the ARN: `Ref` gives it for a topic or a secret, and a name or URL for others."""
    look: str = ""
    """Shows what is in it now; empty where there is nothing to look at."""
    shows: str = ""
    """What `look` shows, as a sentence."""


@dataclass(frozen=True)
class ResourceType:
    type: str
    """`AWS::SQS::Queue`."""
    naming: Naming = field(default_factory=Naming)
    role: Role = "other"
    pictured: bool = False
    """Whether it moves or keeps data, so that a diagram must show it."""
    noun: str = "a resource"
    """As a message about it says: `a queue`."""
    secured: bool = False
    """Whether a fault can take away the permission to use it."""
    works: bool = True
    """Whether work is done before it answers. A queue, topic, bus or stream takes it and answers: no one waits."""
    inner: tuple[str, ...] = ()
    """Ends of ARNs of what is in it and has permissions of its own: `/index/*`."""
    shell: Shell = field(default_factory=Shell)


@dataclass(frozen=True, order=True)
class Relation:
    """Something flows from `source` to `target`; both are logical ids of the stack."""

    kind: str
    source: str
    target: str
    proof: str
    """Id of the resource that makes the relation."""
    waits: bool = False
    """Whether the source waits until the target has done its work."""


@dataclass(frozen=True)
class Route:
    method: str
    """An HTTP method or ANY."""
    path: str
    """As API Gateway writes it, without the stage: `/orders/{id}`, `/{proxy+}`."""
    proof: str
    """Id of the resource that makes the route."""
    target: str = ""
    """Id of what its integration calls; empty if that is nothing of the template."""


@dataclass(frozen=True)
class NotProven:
    """A relation that something in the template suggests but that does not flow, or cannot be shown to."""

    kind: str
    source: str
    target: str
    """A logical id, or the text that should name a resource."""
    proof: str
    reason: str


@dataclass(frozen=True)
class Standing:
    """A cost that time brings. `per_hour` is in what the price counts."""

    key: str
    resource: str
    what: str
    per_hour: Decimal
    assumed: bool = False
    """Calculated from AWS's documents and not seen in the run: it is part of a month, and of no run."""
    line: str = ""
    """What the month's bill calls it; empty for what its price is charged for."""
    note: str = ""
    """What a reader of the month must know of it."""


@dataclass(frozen=True)
class Part:
    """One thing counted: `SendMessage on OrderQueue`, 50 times."""

    what: str
    count: int
    quantity: Decimal
    """In what the price counts."""
    how: str = ""
    """How the quantity follows from the count, where it is not the count itself."""


Charge = tuple[str, Part]
"""A key of prices.yaml, empty if it has none, and what was counted under it."""


def decimal(number: Any) -> Decimal:
    return Decimal(str(number)).normalize()


def part_of(use: Use, unit: str = "units") -> Part:
    """A counted use; its units are told where they are more than the operations."""
    where = f" on {use.resource}" if use.resource else ""
    units = decimal(use.units)
    how = f"{use.count:,} of them, {units:f} {unit}" if units != use.count else ""
    return Part(f"{use.operation}{where}", use.count, units, how)


KeyOf = Callable[[str, "Resource | None"], str | None]
"""The price key of an operation on a resource: empty if prices.yaml has none, None if AWS asks nothing for it."""


def keyed(keys: Mapping[str, str | None], default: str | None = "") -> KeyOf:
    """Prices by operation alone."""
    return lambda operation, _: keys.get(operation, default)


@dataclass(frozen=True)
class LeverOperation:
    """What a demo's steps and levers can do to a resource: an AWS operation."""

    types: tuple[str, ...]
    does: str
    """What it does, with the fields that it uses: `reserved concurrency of the function `resource` becomes `value``."""
    commands: Callable[[Operation, Template], str]
    """POSIX shell that does it with the AWS CLI, in which `resource Id` prints a physical id."""
    wait: str
    """How long it takes on AWS, as a sentence for a reader."""
    needs: tuple[str, ...] = ()
    """Fields besides `resource`: `to`, `name`, `value`."""
    bounds: tuple[int, int] | None = None
    """Least and most of a whole number as `value`."""
    text: bool = False
    """Whether `value` is a text, so that 2 and "2" are the same."""
    to: tuple[str, ...] = ()
    """Types that `to` may be; any on which a permission can be taken away, if there is a `to` and none is named."""
    undone_by: str = ""
    """The operation that undoes it with the same fields."""
    original: Callable[[Resource, str | None], Any] | None = None
    """The template's own value, which undoes it: of the resource, and the operation's `name`."""
    without_original: str = ""
    """The operation that undoes it where the template has no value of its own."""
    once: bool = False
    """Whether nothing undoes it."""


@dataclass(frozen=True)
class Measure:
    """What demos and comparisons can assert of a resource."""

    types: tuple[str, ...]
    says: str
    """What is counted: `messages of a queue, waiting and in flight`."""
    one: str
    """What one is called; an `s` makes it several."""
    where: str
    """Between the count and the resource's name: `3 messages waiting in Orders`."""
    expected: str
    """A demo's expectation, with {resource} and {bound}, a count of `noun`, or {text}: `{resource} holds {bound}`."""
    noun: str
    """What is counted of it in an expectation: `waiting message`."""
    text: bool = False
    """Whether it counts what holds a given text."""


@dataclass(frozen=True)
class Level:
    """How much a resource holds, read again and again while a lab runs."""

    types: tuple[str, ...]
    one: str
    """What one of it is called; an `s` makes it several."""
    waits: bool = False
    """Whether it waits there for a consumer."""
    reported: bool = True
    """Whether stories mention it, and a rise of it lights an arrow. What a consumer holds came with its work."""


Finding = Relation | NotProven
Finder = Callable[["View"], Iterator[Finding]]


@dataclass(frozen=True)
class Uses:
    """Operations (IAM actions without the service's prefix, with wildcards) by which a caller uses a resource.

    What only describes, lists or changes the resource itself is no use of it, and neither is polling: what is polled
    flows the other way.
    """

    reads: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()
    waited_for: tuple[str, ...] = ()
    """Writes after which the caller waits for work that otherwise goes on alone: `StartSyncExecution`."""
    polls: tuple[str, ...] = ()
    """Operations by which code fetches what waits in the resource. What flows, flows to the caller."""
    open: bool = False
    """Whether the network and a password admit callers, and not IAM: a database's own port."""


Calls = Callable[[str, Mapping[str, Any]], Iterable[Any]]


ByPath = Callable[[str, str, list[str]], tuple[str, Mapping[str, Any]]]


def _no_calls(operation: str, arguments: Mapping[str, Any]) -> Iterable[Any]:
    return ()


def named_by(*parameters: str) -> Calls:
    """The resource of a call is what one of these parameters names."""

    def calls(operation: str, arguments: Mapping[str, Any]) -> Iterable[Any]:
        return [arguments[name] for name in parameters if name in arguments]

    return calls


@dataclass(frozen=True)
class Caller:
    """A resource that runs its author's code, which calls what it may and what it is given the name of."""

    id: str
    role: Any
    """ARN of the role it runs as."""
    given: tuple[str, ...]
    """Values of its environment variables."""
    code: frozenset[str] = frozenset()
    """Texts in quotes in its code, where that is in the template or beside it."""


@dataclass(frozen=True)
class Ambient:
    """A resource that is there without being in the template."""

    id: str
    """As arrows show it: `(default bus)`."""
    type: str
    name: str


@dataclass(frozen=True)
class Made:
    """A resource that SAM makes for events."""

    id: str
    """Its logical id."""
    type: str
    """As an author would write it."""
    label: str
    """What a picture calls it."""
    parameter: str
    """The event's property that names another resource instead."""


@dataclass(frozen=True)
class Service:
    key: str
    """`sqs`; also the name of its glyph: static/icons/services/<key>.svg."""
    name: str
    """`Amazon SQS`."""
    actions: str
    """The prefix of its IAM actions."""
    types: tuple[ResourceType, ...]
    parts: tuple[str, ...] = ()
    """Types that belong to the service and are neither drawn nor named by others: policies, permissions."""
    definitions: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """By type: the property that may name a local file with the definition, and the one that holds its content."""
    uses: Uses = field(default_factory=Uses)
    calls: Calls = _no_calls
    """The texts of an API call's arguments that name the resource which the call is about."""
    by_path: ByPath | None = None
    """The operation and arguments of a call of the service's API by path: of the method, what stands before the
    service in the address (a bucket), and the segments of the path. The operation may be left to the request."""
    api: tuple[str, ...] = ()
    """The service's other names in ARNs of calls: `states:::sfn:…`. Its prefix of actions is always one."""
    action_of: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """IAM actions, one of which allows an operation that has another name: `invoke` needs `InvokeFunction`."""
    admits: Callable[[View, str, str, str], bool] | None = None
    """Whether a resource's own policy admits a sender: of the view, its id, the sender's service (`sns`), and the
    sender's ARN. None if its resources have no policy that a sender needs."""
    silent: Callable[[Deployed], str | None] | None = None
    """Why a resource sends no events to those that listen, where that has to be turned on; None if it sends them."""
    ambient: tuple[Ambient, ...] = ()
    """What every account has without a template."""
    measures: Mapping[str, Measure] = field(default_factory=dict)
    """What demos can assert."""
    levels: Mapping[str, Level] = field(default_factory=dict)
    """What is counted while a lab runs."""
    operations: Mapping[str, LeverOperation] = field(default_factory=dict)
    """What a demo's steps and levers can do."""
    checks: tuple[Callable[[Template], Iterator[ContentError]], ...] = ()
    """What AWS refuses or does differently in a template, although the embedded AWS deploys it."""
    polled_with: tuple[str, ...] = ()
    """IAM actions that a function's role needs when Lambda polls the service for it:
    https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html,
    https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html"""
    price_of: KeyOf | None = None
    """The prices of its counted operations, each for a number of `unit`."""
    unit: str = "units"
    """What the counted units are, where they are more than the operations: `chunks of 64 KB`."""
    can_be_used: Callable[[Resource, str], bool] | None = None
    """Whether a counted operation can happen to a resource; None if all of them can happen to each that is counted."""
    charges: Callable[[Run, Template], Iterator[Charge]] | None = None
    """What a run used of it, instead of `price_of`, where an operation has several prices or events stand in for
    counts."""
    calls_of_visitors: tuple[str, ...] = ()
    """Counted operations that are the calls of a visitor."""
    avoids: Mapping[str, str] = field(default_factory=dict)
    """Counted operations by which a design avoids invocations, in words; AWS charges nothing for them."""
    standing: Callable[[Template, Resource], Iterator[Standing]] | None = None
    """What a resource costs by the hour, of a template as it will be deployed and one of its resources."""
    polls: Callable[[Template, Resource], Iterator[tuple[str, str]]] | None = None
    """The event sources that a resource makes: name and logical id of what is polled."""
    polled: Callable[[Template, Resource, str], Iterator[Standing]] | None = None
    """What polling a resource costs by the hour, for the event source of this name."""
    managed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """AWS's own policies about the service, with their actions in lower case."""
    listed: bool = True
    """Whether a pattern with one of its types shows it among its services. Plumbing does not."""
    made_for: Mapping[str, Made] = field(default_factory=dict)
    """What SAM makes for events of functions that name no resource, by the events' type."""
    finders: tuple[Finder, ...] = ()
    routes: Callable[[View], Iterator[Route]] | None = None
    """What its APIs answer to."""
    endpoints: Callable[[Template], Iterator[str]] | None = None
    """Logical ids, also of resources that SAM will make, whose address a demo can call."""
    callers: Callable[[View], Iterator[Caller]] | None = None
    """The service's resources that run code."""
