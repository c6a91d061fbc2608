"""What a deployed resource is called: its name, ARN, addresses and attributes, made up as CloudFormation makes them up.

The values are not those of any account. They are unique to each resource and have the shape that AWS gives them, so
that a text can be traced to the resource that it names.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from catalogue.patterns.cloudformation.stack.evaluation import PSEUDO


@dataclass(frozen=True)
class Naming:
    """How resources of one type are named. Texts are formats with {name}, {arn}, {id}, {region} and {account}, and
    {chosen}, the whole text under `name_property`."""

    name_property: str = ""
    """The property with the name that an author chooses."""
    arn: str = "arn:aws:stack:{region}:{account}:{name}"
    ref: str = "{name}"
    addresses: tuple[str, ...] = ()
    """Other texts that name the resource: a queue's URL, an API's host."""
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What GetAtt gives, besides `Arn`."""
    part: bool = False
    """Whether it is a part of the resource that `name_property` names, so that its ARN leads there: an alias."""


DEFAULT = Naming()


@dataclass(frozen=True)
class Physical:
    """The names of one deployed resource."""

    id: str
    name: str
    arn: str
    ref: str
    addresses: tuple[str, ...]
    attributes: Mapping[str, str]
    part: bool = False
    chosen: str = ""
    """The name that the author gave it, if any."""

    def attribute(self, name: str) -> str:
        if name in self.attributes:
            return self.attributes[name]
        if name.startswith("Outputs."):
            return f"{self.id}-{name}"  # of a nested stack, which is another template
        if name.endswith("Id"):
            return self.ref
        return self.arn if name.endswith("Arn") else f"{self.id}-{name}"


def physical(id: str, chosen: str | None, naming: Naming) -> Physical:
    """The names of the resource `id`, with the name its author chose, or one made from the stack's and its own."""
    whole = chosen or ""
    if chosen and chosen.startswith("arn:"):
        chosen = re.split("[:/]", chosen)[-1]
    name = chosen or f"stack-{id}-0"
    values = {
        "id": id,
        "name": name,
        "chosen": whole,
        "region": PSEUDO["AWS::Region"],
        "account": PSEUDO["AWS::AccountId"],
    }
    arn = naming.arn.format(**values)
    values["arn"] = arn
    return Physical(
        id,
        name,
        arn,
        naming.ref.format(**values),
        tuple(address.format(**values) for address in naming.addresses),
        {key: text.format(**values) for key, text in naming.attributes.items()},
        naming.part,
        chosen or "",
    )
