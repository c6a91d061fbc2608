"""A month of both sides beside each other, and what the pattern did not spend in it."""

from django.conf import settings

from catalogue.labs.demos.comparisons.results.cost import shared_requests
from catalogue.labs.demos.comparisons.results.months import Months, months
from catalogue.patterns.content.pattern import load_pattern
from catalogue.patterns.runs.document import Run
from tests.patterns.costs.runs import run, use

PATTERN = load_pattern(settings.BASE_DIR / "patterns_content" / "queue-based-load-leveling")


def side(variant: str, function: str, invocations: int) -> Run:
    uses = (
        use("api-gateway", "Request", "OrderApi", 50),
        use("lambda", "Invoke", function, invocations, invocations * 0.1),
    )
    return run((), uses).model_copy(update={"variant": variant})


def both(pattern: int, naive: int, per_month: int = 5_000_000, *, free_tier: bool = False) -> Months:
    runs = {
        "pattern": side("pattern", "WorkerFunction", pattern),
        "naive": side("naive", "DirectFunction", naive),
    }
    found = months(runs, PATTERN, per_month, free_tier=free_tier)  # type: ignore[arg-type]
    assert found is not None
    return found


def test_the_invocations_that_the_pattern_avoided_are_reported_with_their_price_and_its_formula() -> None:
    assert PATTERN.compare is not None
    assert shared_requests(PATTERN.compare) == 50
    avoided = both(20, 50).avoided
    assert avoided is not None
    assert avoided.count == 3_000_000  # thirty of 50 requests, a hundred thousand times
    assert "3,000,000 ×" in avoided.formula
    assert both(20, 50).avoided_in_words.startswith(
        "3,000,000 invocations that the twin made and the pattern did not: $"
    )


def test_what_was_avoided_has_its_list_price_also_with_the_free_tier_on() -> None:
    assert both(20, 50, 10_000, free_tier=True).avoided == both(20, 50, 10_000).avoided


def test_where_the_twin_made_no_more_of_them_nothing_was_avoided() -> None:
    assert both(50, 50).avoided is None
    assert both(50, 50).avoided_in_words == ""


def test_where_no_request_is_for_both_sides_a_month_is_counted_in_those_of_the_twin() -> None:
    uploads = load_pattern(settings.BASE_DIR / "patterns_content" / "valet-key").compare
    assert uploads is not None
    assert all(part.only for part in uploads.traffic)
    assert shared_requests(uploads) == 2
