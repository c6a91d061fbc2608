"""The closed schema of sliders.yaml: settings of the stack and amounts of traffic that a visitor may choose."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from catalogue.patterns.content.schemas.names import Action
from catalogue.patterns.content.schemas.pattern import Closed, Id, LogicalId, Operation, Prose, Request
from catalogue.patterns.services.registry import registry


class Setting(Closed):
    """An AWS operation without its value, which the visitor chooses."""

    action: Action
    resource: LogicalId
    name: str | None = None


class Slider(Closed):
    """A range of whole numbers. `set` changes the stack; `send` sends as many requests."""

    id: Id
    title: Annotated[str, StringConstraints(min_length=3, max_length=60)]
    """What the number is: `Workers at once`."""
    notice: Prose
    """What to try and what to look at."""
    set: Setting | None = None
    send: Request | None = None
    least: Annotated[int, Field(ge=0)]
    most: Annotated[int, Field(ge=1)]
    step: Annotated[int, Field(ge=1)] = 1

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if (self.set is None) == (self.send is None):
            raise ValueError("a slider has either `set` or `send`")
        if self.least >= self.most or (self.most - self.least) % self.step:
            raise ValueError("`most` must be some steps above `least`")
        if self.send is not None and (self.least < 1 or self.most > 100):
            raise ValueError("a slider with `send` goes from 1 to 100 requests at most")
        return self

    def takes(self, value: int) -> bool:
        """Whether it can be moved to this number."""
        return self.least <= value <= self.most and (value - self.least) % self.step == 0

    def operation(self, value: int) -> Operation:
        """What moving it there does to the stack."""
        assert self.set is not None
        text = registry().operations[self.set.action].text
        return Operation(**self.set.model_dump(), value=str(value) if text else value)

    def request(self, value: int) -> Request:
        """What moving it there sends."""
        assert self.send is not None
        return self.send.model_copy(update={"times": value, "at_once": min(20, value)})


class Sliders(Closed):
    sliders: Annotated[tuple[Slider, ...], Field(min_length=1, max_length=8)]
