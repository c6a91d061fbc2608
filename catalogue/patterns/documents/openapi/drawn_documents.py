"""What is answered for a pasted template, as schemas for /openapi.json; a test holds the answers against them."""

from datetime import date
from typing import Literal

from catalogue.patterns.documents.models import Document, Url
from catalogue.patterns.documents.openapi.lab_documents import Open


class PastedTemplate(Document):
    """A template to draw."""

    template: str
    """A SAM or CloudFormation template in YAML or JSON, up to 512,000 bytes in UTF-8."""


class DrawnArrow(Document):
    source: str
    """Logical id, or `Caller`."""
    target: str
    kind: str
    """What connects them: `event-source`, `integration`."""
    status: Literal["proven", "not emulated", "not proven"]
    """`not emulated` is proven and would work on AWS; the embedded AWS does not run it."""
    reason: str
    """A sentence; empty for an arrow that is proven and runs."""


class NotEmulated(Document):
    resources: list[str]
    """Logical ids."""
    type: str
    """The resource type that the embedded AWS does not create; empty where something else is the reason."""
    reason: str


class LintFinding(Document):
    rule: str
    """`E3012`: the first letter is the severity."""
    line: int
    message: str
    source: str
    """The rule's documentation; may be empty."""


class Lint(Document):
    available: bool
    """Whether cfn-lint is installed on this site."""
    findings: list[LintFinding]


class CostRow(Document):
    """A price of AWS's list by which some resources of the template are charged."""

    price: str
    """Key of the site's price list."""
    service: str
    """Its name: `AWS Lambda`."""
    what: str
    """What AWS charges for."""
    resources: list[str]
    """Logical ids."""
    usd: str
    """A decimal number as text."""
    unit: str
    """What that buys: `1 million requests`."""
    a_month: str
    """In USD as text, for what is charged by the hour whether it is used or not; empty otherwise."""
    free_tier: str
    """What is free every month, in words; may be empty."""
    source: Url
    as_of: date


class Costs(Document):
    region: str
    currency: str
    rows: list[CostRow]


class DrawnTemplate(Open):
    """A template as the catalogue reads it. Nothing of it was deployed, and nothing is kept."""

    resources: int
    arrows: list[DrawnArrow]
    """Those that are drawn, then those that are not proven."""
    not_emulated: list[NotEmulated]
    refused: str
    """Why SAM refuses the template; empty if it does not. Then no arrow is proven."""
    parameters: dict[str, str]
    """Parameters without a default, each with the value that stands in for it."""
    lint: Lint
    costs: Costs
    diagram: str
    """SVG."""
