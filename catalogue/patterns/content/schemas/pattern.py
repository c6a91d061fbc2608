"""The closed schemas of a pattern's files: front matter, diagram.yaml and demo.yaml.

What a path or the template already says (slug, services, routes) is derived elsewhere and has no field here.
Unknown keys are errors. `catalogue.patterns.content.checks` turns every `ValidationError` into a Django
system check that names the file, the line and the remedy.
"""

from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
    model_validator,
)

from catalogue.patterns.content.schemas.names import Action, EdgeProof, MeasureName, with_text
from catalogue.patterns.services.registry import registry

Help = Literal["cost", "resilience", "latency", "security", "simplicity"]
Method = Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
Id = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)]
LogicalId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9]+$", max_length=60)]
"""https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/resources-section-structure.html"""
Line = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
Prose = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1200)]


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


# pattern.md front matter


class Related(Closed):
    """A typed relation to another pattern; `how` says in a sentence what combining or choosing changes."""

    pattern: Id
    relation: Literal["builds on", "combines with", "alternative to", "protects", "leads to"]
    how: Prose


Trouble = Literal["waiting", "bursts", "coupling", "repeats", "failing", "unwanted", "upkeep"]
"""What is wrong, the first question of the guide (catalogue/patterns/search/guide.py has the words)."""


class Sign(Closed):
    """How a reader who does not know the pattern notices that they need it: the guide's second question."""

    trouble: Trouble
    seen: Line
    """What they see, as they would say it: `Work takes minutes, and connections end after seconds.`"""


class FrontMatter(Closed):
    title: Annotated[str, StringConstraints(min_length=3, max_length=60)]
    level: Literal[100, 200, 300]
    summary: Annotated[str, StringConstraints(min_length=20, max_length=160)]
    """Card and meta description: what the pattern does, in one sentence."""
    question: Line
    """The problem in one sentence, as a question."""
    answer: Line
    """The solution in one sentence."""
    helps_with: Annotated[tuple[Help, ...], Field(min_length=1, max_length=3)]
    signs: Annotated[tuple[Sign, ...], Field(max_length=4)] = ()
    """Where the guide leads to this pattern."""
    published: date
    """Day of the first revision; it stays."""
    revised: date | None = None
    """Day of the present revision, from the second on."""
    revision: Annotated[int, Field(ge=1)] = 1
    change: Line
    """What this revision changed, as a reader of the newsletter would want it told."""
    draft: bool = False
    aliases: tuple[Id, ...] = ()
    """Earlier slugs, the oldest first. Their addresses redirect for good, and the oldest stays in the feed's ids."""
    prices: Annotated[tuple[str, ...], Field(min_length=1)]
    """Keys of catalogue/patterns/costs/prices.yaml: the rows of the cost profile."""
    related: tuple[Related, ...] = ()

    @property
    def updated(self) -> date:
        """Day of the present revision."""
        return self.revised or self.published


# diagram.yaml


class Node(Closed):
    """A box of the picture: a resource of the template by its logical id, or an actor outside it."""

    id: LogicalId
    actor: Literal["client", "person", "system"] | None = None
    """Set for what stands outside the template; `id` is then free."""
    label: Annotated[str, StringConstraints(min_length=2, max_length=28)]
    at: tuple[Annotated[int, Field(ge=0, le=5)], Annotated[int, Field(ge=0, le=4)]]
    """Column and row on the grid, from the top left."""

    @property
    def made(self) -> str:
        """The type of a resource that is in no template but in the stack; empty in a pattern's diagram."""
        return ""


class Edge(Closed):
    """An arrow, with the relation of the template that proves it."""

    source: LogicalId
    target: LogicalId
    label: Annotated[str, StringConstraints(max_length=32)] = ""
    kind: Literal["sync", "async"] = "sync"
    by: EdgeProof
    """`outside` if one end is an actor, else the kind of the relation that proves it (`services.kinds`)."""


class FlowStep(Closed):
    """One numbered step of how a request travels; `edges` are written `Source>Target`."""

    edges: Annotated[tuple[str, ...], Field(min_length=1)]
    text: Prose


class Counter(Closed):
    """A count beside a box: how often one thing has happened in a lab, read from its trace.

    What is counted: log lines with this `step`, or requests answered `without` a run of this function, from a cache.
    """

    node: LogicalId
    label: Annotated[str, StringConstraints(min_length=2, max_length=14)]
    """After the number, as it is for any number: `from cache`."""
    step: Annotated[str, StringConstraints(min_length=1, max_length=60)] | None = None
    without: LogicalId | None = None
    statuses: Annotated[tuple[int, ...], Field(min_length=1)] = (200,)
    """Of the requests that count as answered; others may have been refused before the function."""
    paths: tuple[Annotated[str, StringConstraints(pattern=r"^/")], ...] = ("/",)
    """How the paths of those requests begin."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.step is None) == (self.without is None):
            raise ValueError("give step or without")
        return self


class Diagram(Closed):
    description: Prose
    """The picture in words, for those who do not see it."""
    nodes: Annotated[tuple[Node, ...], Field(min_length=2, max_length=20)]
    edges: Annotated[tuple[Edge, ...], Field(min_length=1)]
    flow: Annotated[tuple[FlowStep, ...], Field(min_length=2)]
    counters: tuple[Counter, ...] = ()


# demo.yaml


class CallMeanwhile(Closed):
    """A call of the lab's endpoint while a WebSocket is open; placeholders as in a request."""

    method: Method
    path: Annotated[str, StringConstraints(pattern=r"^/")]
    json_body: Annotated[Any, Field(alias="json")] = None


class Socket(Closed):
    """What a client does on a WebSocket that it opens, and closes in the end.

    Its answer has status 101 and a body of JSON: `{"received": [messages], "statuses": [of the calls meanwhile],
    "closed": null, or the code with which the lab closed}`.
    """

    send: tuple[Any, ...] = ()
    """Messages, each sent as JSON once the connection is open."""
    ready: Annotated[int, Field(ge=0, le=20)] = 0
    """How many messages are awaited before the calls."""
    meanwhile: tuple[CallMeanwhile, ...] = ()
    """Calls that are made one after the other while it is open."""
    receive: Annotated[int, Field(ge=0, le=50)] = 0
    """How many messages are awaited in all."""
    within: Annotated[float, Field(ge=0, le=60)] = 60
    """Seconds for each of both waits."""


class File(Closed):
    """What a request uploads: so many bytes, made where they are sent."""

    bytes: Annotated[int, Field(ge=1, le=9_000_000)]
    type: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]+$", max_length=60)]
    """Its content type."""
    name: Annotated[str, StringConstraints(pattern=r"^[\w.-]+$", max_length=60)] = "file"
    begins: Annotated[str, StringConstraints(pattern=r"^[\x00-\xff]*$", max_length=16)] = ""
    """Its first bytes, as the characters of Latin-1; all others are zero."""


_NOT_OF_EACH = ("file", "form", "socket")
"""Members of few requests."""


class Request(Closed):
    """A call of the lab's endpoint; `{{name}}` in path, headers and body is replaced by a saved value or a built-in.

    Built-ins: `{{uuid}}` (fresh for each call), `{{n}}` (the call's number in a burst, from 1), `{{now}}` (Unix s).
    """

    method: Method
    path: Annotated[str, StringConstraints(pattern=r"^(/|\{\{ *[a-z][a-z0-9_]* *\}\}$)")]
    """Or `{{name}}` alone: a whole address that an answer has named, such as a presigned one."""
    headers: dict[str, str] = {}
    json_body: Annotated[Any, Field(alias="json")] = None
    text: str | None = None
    file: File | None = None
    """The body, or with `form` the last part of it."""
    form: dict[str, str] | None = None
    """Fields of a form (multipart/form-data) whose last field, `file`, is the file."""
    times: Annotated[int, Field(ge=1, le=100)] = 1
    """How many calls; more than one is a burst."""
    at_once: Annotated[int, Field(ge=1, le=20)] = 1
    """How many of them are in flight together."""
    socket: Socket | None = None
    """Open a WebSocket at this path with GET, instead of a plain call."""

    @model_serializer(mode="wrap")
    def _without_nothing(self, serialize: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """A plain call is written without sockets and files, so that what was recorded of it stays true."""
        written: dict[str, Any] = serialize(self)
        return {name: value for name, value in written.items() if value is not None or name not in _NOT_OF_EACH}

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.socket is not None and (self.method != "GET" or self.has_body):
            raise ValueError("a WebSocket is opened with GET, and without a body")
        return self

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if sum(body is not None for body in (self.json_body, self.text, self.file)) > 1:
            raise ValueError("give json, text or file, not several of them")
        if self.form is not None and self.file is None:
            raise ValueError("a form has a file")
        return self

    @property
    def has_body(self) -> bool:
        return self.json_body is not None or self.text is not None or self.file is not None

    @property
    def is_elsewhere(self) -> bool:
        """Whether it goes to an address that an answer has named, and not to a route of the API."""
        return not self.path.startswith("/")


class Operation(Closed):
    """An AWS operation on the lab's own stack: a fault, or its inverse."""

    action: Action
    """One that a service declares (`operations` in catalogue/patterns/services/)."""
    resource: LogicalId
    to: LogicalId | None = None
    name: str | None = None
    value: str | int | None = None


class Expect(Closed):
    """What each answer must be. `body` is a subset: every key given must be there with that value, at any depth.

    A string of the form `~pattern` is searched for in RE2's syntax; headers' names are compared without regard to case.
    `{{name}}` stands for a saved value here as in a request; in a pattern it matches that value and nothing else.
    `statuses` counts a burst's answers: `{200: 1, 409: 7}`.
    """

    status: Annotated[int, Field(ge=100, le=599)] | None = None
    statuses: dict[int, int] | None = None
    headers: dict[str, str] = {}
    body: Any = None


class Observe(Closed):
    """A measure of the lab's own stack that must become true within `within` seconds of the answer.

    The services declare the measures, and which need a `text` (`measures` in catalogue/patterns/services/).
    """

    resource: LogicalId
    measure: MeasureName
    equals: int | None = None
    at_least: int | None = None
    at_most: int | None = None
    text: str | None = None
    within: Annotated[float, Field(ge=0, le=120)] = 5

    @model_validator(mode="after")
    def _one_bound(self) -> Self:
        needs_text = registry().measures[self.measure].text
        if not needs_text and self.equals is None and self.at_least is None and self.at_most is None:
            raise ValueError("give equals, at_least or at_most")
        if needs_text != (self.text is not None):
            raise ValueError(f"`text` goes with measure: {with_text()}, and only with it")
        return self


class Step(Closed):
    """One thing a visitor does: a request or an operation, what to notice, and what must be seen."""

    id: Id
    title: Annotated[str, StringConstraints(min_length=3, max_length=60)]
    notice: Prose
    wait: Annotated[float, Field(ge=0, le=15)] = 0
    """Seconds to let pass before the action, for what only time brings about: an expiry, some progress."""
    request: Request | None = None
    operation: Operation | None = None
    expect: Expect = Expect()
    save: dict[str, str] = {}
    """Names for later steps: `body.a.b`, `header.location` or `status` of the (last) answer."""
    observe: tuple[Observe, ...] = ()
    failure: bool = False
    """This step shows something going wrong, on purpose."""

    @model_validator(mode="after")
    def _one_action(self) -> Self:
        if (self.request is None) == (self.operation is None):
            raise ValueError("a step has either a request or an operation")
        return self


class Trial(Closed):
    """What can be seen of a lever: a call and what must come of it."""

    wait: Annotated[float, Field(ge=0, le=15)] = 0
    request: Request | None = None
    expect: Expect = Expect()
    observe: tuple[Observe, ...] = ()


class Lever(Closed):
    """A fault that the visitor may put into their own stack at any time, and take out again."""

    id: Id
    title: Annotated[str, StringConstraints(min_length=3, max_length=60)]
    """What pulling it does: `Close the warehouse`."""
    notice: Prose
    """What to try while it is pulled, and what to look at."""
    pull: Operation
    release: Operation | None = None
    """The inverse; absent for what happens once: a purge, a redrive, a poison message."""
    released: Annotated[str, StringConstraints(min_length=3, max_length=60)] | None = None
    """What releasing it does: `Open the warehouse`."""
    shows: Trial = Trial()
    """What must be seen while it is pulled."""
    restored: Trial = Trial()
    """What must be seen once it is released."""

    @model_validator(mode="after")
    def _named_inverse(self) -> Self:
        if (self.release is None) != (self.released is None):
            raise ValueError("`release` and `released` go together: the inverse and its name")
        return self


class Demo(Closed):
    story: Prose
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    levers: tuple[Lever, ...] = ()
