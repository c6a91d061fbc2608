"""Unit prices of AWS services, read once from prices.yaml: the only place where a price is written."""

from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from catalogue.patterns.schema import Closed, Line
from catalogue.patterns.validation import read_validated

PRICES_FILE = Path(__file__).with_name("prices.yaml")

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+\.[a-z0-9]+([.-][a-z0-9]+)*$")]
Source = Annotated[str, StringConstraints(pattern=r"^https://(aws\.amazon\.com|docs\.aws\.amazon\.com)/")]


class Price(Closed):
    """A list price in the book's region and currency, before tiers of volume and free allowances."""

    service: str
    """Key of services.yaml."""
    charged_for: Line
    """What is counted: `Requests`."""
    unit: Line
    """How many of it the price buys: `1 million requests`."""
    usd: Annotated[Decimal, Field(ge=0, le=1000)]
    source: Source
    """AWS's page that states the price."""
    as_of: date
    """The day on which the price was recorded."""
    free_tier: Line | None = None


class PriceBook(Closed):
    region: str
    currency: str
    prices: dict[Key, Price]


@cache
def price_book() -> PriceBook:
    """Raises ContentError (E060) if prices.yaml is not as its schema says."""
    return read_validated(PriceBook, PRICES_FILE, id="patterns.E060")


def price(key: str) -> Price:
    """The price under this key. Raises KeyError."""
    return price_book().prices[key]
