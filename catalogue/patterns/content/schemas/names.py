"""Names that the services' modules declare, as types of the schemas: one that no service has is refused."""

from collections.abc import Iterable
from typing import Annotated, Any

from pydantic import GetPydanticSchema
from pydantic_core import core_schema

from catalogue.patterns.services.kinds import KINDS
from catalogue.patterns.services.registry import registry


def _one_of(names: Iterable[str]) -> Any:
    """What makes a `str` one of the names, with the errors of a Literal."""
    known = list(names)
    return GetPydanticSchema(lambda _source, _handler: core_schema.literal_schema(known))


EdgeProof = Annotated[str, _one_of(["outside", *KINDS])]
Action = Annotated[str, _one_of(registry().operations)]
MeasureName = Annotated[str, _one_of(registry().measures)]
CountName = Annotated[str, _one_of([*registry().measures, "answers"])]
"""What a comparison can count: the measures, and the answers to its requests."""


LevelName = Annotated[str, _one_of(registry().levels)]


def with_text() -> str:
    """The measures that count what holds a text."""
    return " or ".join(name for name, measure in registry().measures.items() if measure.text)
