from decimal import Decimal
from pathlib import Path

import pytest

from catalogue.patterns.content.parsing.validation import read_validated
from catalogue.patterns.content.pattern import ContentError
from catalogue.patterns.costs.prices import PRICES_FILE, PriceBook, price, price_book


def test_a_price_is_exact_and_says_where_it_comes_from() -> None:
    requests = price("lambda.requests")
    assert requests.usd == Decimal("0.20")
    assert requests.source.startswith("https://aws.amazon.com/")
    assert requests.as_of.year >= 2026
    assert (price_book().region, price_book().currency) == ("us-east-1", "USD")


def test_an_unknown_price_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        price("lambda.wishes")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('usd: "0.20"', 'usd: "0.20"\n    eur: 1', "`prices.lambda.requests.eur` is not a known key"),
        ('usd: "0.20"', 'usd: "-1"', "usd"),
        ("source: https://aws.amazon.com", "source: https://blog.example", "source"),
        ("as_of: 2026-11-23", "as_of: lately", "as_of"),
        ("lambda.requests:", "Lambda Requests:", "Lambda Requests"),
    ],
)
def test_the_price_book_is_closed(tmp_path: Path, old: str, new: str, message: str) -> None:
    broken = tmp_path / "prices.yaml"
    broken.write_text(PRICES_FILE.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(ContentError) as caught:
        read_validated(PriceBook, broken, id="patterns.E060")
    assert caught.value.id == "patterns.E060"
    assert message in caught.value.message
    assert caught.value.line > 6
