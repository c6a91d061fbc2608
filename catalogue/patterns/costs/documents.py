"""What a lab's bill says as JSON, as schemas for /openapi.json; a test holds the answers against them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import StringConstraints

from catalogue.base.target_names import TargetName
from catalogue.patterns.documents.models import Document, Url

Exact = Annotated[str, StringConstraints(pattern=r"^\d+(\.\d+)?$")]
"""A decimal number as text, exact to its last digit."""


class BillLine(Document):
    """What one price of AWS's list comes to."""

    price: str
    """Key of the site's price list."""
    service: str
    what: str
    """What AWS charges for."""
    quantity: Exact
    """In what is `counted`, before anything free."""
    counted: str
    free: Exact
    """How much of it the free tier covers."""
    unit: str
    """What the price buys."""
    usd: Exact
    formula: str
    """In words and numbers, from what was counted to the amount."""
    parts: list[str]
    standing: bool
    """Whether it costs by the hour, used or not."""
    source: Url
    as_of: date


class SparedLine(Document):
    what: str
    count: Exact
    usd: Exact
    formula: str


class Spared(Document):
    """What was not spent."""

    usd: Exact
    lines: list[SparedLine]
    note: str


class Bill(Document):
    usd: Exact
    requests: int
    """Calls of the visitor that it is for."""
    lines: list[BillLine]
    notes: list[str]
    unpriced: list[str]
    """What was counted and has no price in the list."""
    avoided: Spared


class MonthlyBill(Bill):
    per_month: int
    free_tier: bool


class LabBill(Document):
    """What a lab cost so far, and what a month of such requests would cost at AWS's list prices."""

    lab: str
    pattern: str
    variant: Literal["pattern", "naive"]
    target: TargetName
    region: str
    currency: str
    seconds: float
    """How long the lab has been there."""
    so_far: Bill
    month: MonthlyBill
