"""Holds the figures of both sides against what compare.yaml claims of them. Pure."""

from collections.abc import Mapping

from catalogue.labs.demos.expectations import Check
from catalogue.patterns.content.schemas.comparison import Bound, Claim, Comparison, Side

type Figures = Mapping[Side, Mapping[str, float | None]]
"""Each side's figures by id; None for what could not be counted."""

OTHER: Mapping[Side, Side] = {"pattern": "naive", "naive": "pattern"}


def check_claims(comparison: Comparison, figures: Figures) -> list[Check]:
    """One check for each thing that a claim says. A figure that could not be counted holds no claim."""
    return [check for claim in comparison.claims for check in _checks(claim, figures)]


def _checks(claim: Claim, figures: Figures) -> list[Check]:
    bounds: list[tuple[Side, Bound | None]] = [("pattern", claim.pattern), ("naive", claim.naive)]
    checks = [_within(claim.figure, side, bound, figures) for side, bound in bounds if bound is not None]
    if claim.smaller is not None:
        one, other = (figures[side].get(claim.figure) for side in (claim.smaller, OTHER[claim.smaller]))
        smaller = one is not None and other is not None and one < other
        what = f"{claim.figure}: {claim.smaller} has a smaller value than {OTHER[claim.smaller]}"
        checks.append(Check(what, smaller, f"{_shown(one)} and {_shown(other)}"))
    return checks


def _within(figure: str, side: Side, bound: Bound, figures: Figures) -> Check:
    value = figures[side].get(figure)
    holds = value is not None and all(
        (
            bound.equals is None or value == bound.equals,
            bound.at_least is None or value >= bound.at_least,
            bound.at_most is None or value <= bound.at_most,
        )
    )
    signs = {"=": bound.equals, "≥": bound.at_least, "≤": bound.at_most}
    wanted = ", ".join(f"{sign} {limit:g}" for sign, limit in signs.items() if limit is not None)
    return Check(f"{figure} of {side} {wanted}", holds, _shown(value))


def _shown(value: float | None) -> str:
    return "nothing" if value is None else f"{value:g}"
