"""Unit prices of AWS services, read once from prices.yaml: the only place where a price is written."""

import re
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from catalogue.patterns.content.parsing.validation import read_validated
from catalogue.patterns.content.schemas.pattern import Closed, Line

PRICES_FILE = Path(__file__).with_name("prices.yaml")

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+\.[a-z0-9]+([.-][a-z0-9]+)*$")]
Source = Annotated[str, StringConstraints(pattern=r"^https://(aws\.amazon\.com|docs\.aws\.amazon\.com)/")]
_UNIT = re.compile(r"(?P<number>[\d,]+)(?P<million> million)? (?P<counted>\S.*)")


class Price(Closed):
    """A list price in the book's region and currency, before tiers of volume and free allowances."""

    service: str
    """Key of a service."""
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
    """What is free every month, in words."""
    allowance: Key | None = None
    """Key of the allowance that says the same as a number; several prices may share one."""

    @model_validator(mode="after")
    def _a_unit_that_counts(self) -> Self:
        if _UNIT.fullmatch(self.unit) is None:
            raise ValueError("write `unit` as a number and what is counted: `1 million requests`")
        if (self.allowance is None) != (self.free_tier is None):
            raise ValueError("`free_tier` and `allowance` go together")
        return self

    @property
    def per(self) -> int:
        """How many of `counted` the price buys: 1000000."""
        match = _UNIT.fullmatch(self.unit)
        assert match is not None  # validated
        return int(match["number"].replace(",", "")) * (1_000_000 if match["million"] else 1)

    @property
    def counted(self) -> str:
        """What is counted, without its number and in the plural: `requests`, `GB-seconds`, `GB`."""
        match = _UNIT.fullmatch(self.unit)
        assert match is not None  # validated
        counted = match["counted"]
        return counted if self.per != 1 or counted == "GB" else f"{counted}s"


class Allowance(Closed):
    """What costs nothing each month, for as long as the account exists."""

    quantity: Annotated[Decimal, Field(gt=0)]
    """In what its prices count: requests, GB-seconds, GB."""
    source: Source
    as_of: date


class PriceBook(Closed):
    region: str
    currency: str
    allowances: dict[Key, Allowance]
    prices: dict[Key, Price]

    @model_validator(mode="after")
    def _known_allowances(self) -> Self:
        for key, price in self.prices.items():
            if price.allowance is not None and price.allowance not in self.allowances:
                raise ValueError(f"{key} names the allowance {price.allowance}, which is not among `allowances`")
        return self


@cache
def price_book() -> PriceBook:
    """Raises ContentError (E060) if prices.yaml is not as its schema says."""
    return read_validated(PriceBook, PRICES_FILE, id="patterns.E060")


def price(key: str) -> Price:
    """The price under this key. Raises KeyError."""
    return price_book().prices[key]
