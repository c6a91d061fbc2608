"""The closed schema of challenges.yaml: tasks, what the stacks must show, and how each task is lost and won."""

from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, ValidationError, model_validator

from catalogue.patterns.content.schemas.comparison import Side
from catalogue.patterns.content.schemas.names import MeasureName
from catalogue.patterns.content.schemas.pattern import Closed, Expect, Id, LogicalId, Method, Observe, Prose, Request


class Goal(Closed):
    """One thing that must be true: a measure, a number of answers since the challenge began, or an answer given now."""

    side: Side = "pattern"
    """`naive`: of the twin, which runs beside the pattern in a comparison."""
    resource: LogicalId | None = None
    measure: MeasureName | None = None
    """Counted by the services; log lines and invocations since the challenge began."""
    text: str | None = None
    answers: Annotated[int, Field(ge=100, le=599)] | None = None
    """A status: how many of the calls that came through the endpoint were answered with it."""
    method: Method | None = None
    path: Annotated[str, StringConstraints(pattern=r"^/")] | None = None
    """How the path of those calls begins."""
    equals: int | None = None
    at_least: int | None = None
    at_most: int | None = None
    within: Annotated[float, Field(ge=0, le=8)] = 2
    """Seconds that a check waits for it: less than a slow answer takes, since that could not set a cookie any more."""
    request: Request | None = None
    """A call that the check itself makes: it may read, and must change nothing."""
    expect: Expect = Expect()

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = [self.measure is not None, self.answers is not None, self.request is not None]
        if kinds.count(True) != 1:
            raise ValueError("a goal has one of measure, answers and request")
        if self.measure is not None:
            if self.resource is None:
                raise ValueError("a measure needs its resource")
            try:
                _ = self.observe  # which has the rules of a measure
            except ValidationError as error:
                raise ValueError(error.errors()[0]["msg"].removeprefix("Value error, ")) from None
        elif self.resource is not None or self.text is not None:
            raise ValueError("`resource` and `text` go with a measure")
        if self.answers is None and (self.method is not None or self.path is not None):
            raise ValueError("`method` and `path` go with answers")
        bounded = self.equals is not None or self.at_least is not None or self.at_most is not None
        if self.answers is not None and not bounded:
            raise ValueError("give equals, at_least or at_most")
        if self.request is not None and bounded:
            raise ValueError("a request has `expect`, and no bound")
        if self.request is None and self.expect != Expect():
            raise ValueError("`expect` goes with a request")
        return self

    @property
    def observe(self) -> Observe:
        """A goal that is a measure, in the form that the runner takes."""
        return Observe(
            resource=str(self.resource),
            measure=str(self.measure),
            text=self.text,
            equals=self.equals,
            at_least=self.at_least,
            at_most=self.at_most,
            within=self.within,
        )


class Play(Closed):
    """One thing that a visitor may do: a step of the demo, a lever, or a request of their own to one of the two."""

    step: Id | None = None
    lever: Id | None = None
    do: Literal["pull", "release"] = "pull"
    """What is done with the lever."""
    request: Request | None = None
    side: Side = "pattern"
    """Where the request goes."""

    @model_validator(mode="after")
    def _one_play(self) -> Self:
        if [self.step, self.lever, self.request].count(None) != 2:
            raise ValueError("give one of step, lever and request")
        return self


class Challenge(Closed):
    id: Id
    title: Annotated[str, StringConstraints(min_length=3, max_length=80)]
    task: Prose
    """What to bring about, and what counts."""
    hint: Prose
    goals: Annotated[tuple[Goal, ...], Field(min_length=1, max_length=6)]
    """All of them must be true at the same check."""
    loses: Annotated[tuple[Play, ...], Field(min_length=1)]
    """Something close that is not it. The tests do it first, and the check must say no."""
    wins: Annotated[tuple[Play, ...], Field(min_length=1)]
    """How it is won from there, after a new beginning."""

    @property
    def twin(self) -> bool:
        """Whether the naive twin must run beside the pattern."""
        return any(goal.side == "naive" for goal in self.goals)


class Challenges(Closed):
    challenges: Annotated[tuple[Challenge, ...], Field(min_length=2, max_length=6)]
