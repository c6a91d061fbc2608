"""What a run of a comparison comes to, as the JSON that `Comparison.result` keeps. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from catalogue.labs.demos.comparisons.results.claims import check_claims
from catalogue.labs.demos.comparisons.results.cost import per_million_succeeded
from catalogue.labs.demos.comparisons.results.figures import Seen, own_figures, standard_figures, statuses, successes
from catalogue.labs.demos.comparisons.traffic import Sent
from catalogue.patterns.content.schemas import comparison as compare_schema
from catalogue.patterns.content.schemas.comparison import Side

SIDES: tuple[Side, Side] = ("pattern", "naive")
type Json = dict[str, Any]


def result_document(
    comparison: compare_schema.Comparison,
    run: str,
    since: float,
    ms: float,
    seen: Mapping[Side, Seen],
    unsettled: Mapping[Side, Sequence[str]],
    costs: Mapping[Side, Json | None],
    runs: Mapping[Side, str],
) -> Json:
    """The whole result.

    Shape: `{"run", "at" (Unix s), "ms", "parts": [...], "sides": {"pattern": side, "naive": side}, "claims": [...]}`;
    a side is `{"figures": {id: number or null}, "statuses": {"200": 3}, "latencies": [{"part", "ms", "status"}],
    "unsettled": [...], "cost": null or {"usd", "usd_per_million"}, "run": id of the side's kept run}`.
    """
    figures = {side: _figures(comparison, side, seen[side], costs[side]) for side in SIDES}
    return {
        "run": run,
        "at": round(since, 3),
        "ms": round(ms, 1),
        "parts": [
            {
                "id": part.id,
                "title": part.title,
                **{side: _part(seen[side].sent[index], since) for side in SIDES},
            }
            for index, part in enumerate(comparison.traffic)
        ],
        "sides": {
            side: {
                "figures": figures[side],
                "statuses": statuses(seen[side].answers),
                "latencies": [
                    {"part": sent.part, "ms": round(answer.ms, 2), "status": answer.status}
                    for sent in seen[side].sent
                    for answer in sent.answers
                ],
                "unsettled": list(unsettled[side]),
                "cost": costs[side],
                "run": runs[side],
            }
            for side in SIDES
        },
        "claims": [vars(check) for check in check_claims(comparison, figures)],
    }


def _figures(
    comparison: compare_schema.Comparison, side: Side, seen: Seen, cost: Json | None
) -> dict[str, float | None]:
    own = own_figures(comparison, side, seen)
    usd = None if cost is None else cost["usd_per_million"]
    succeeded = successes(comparison, own, seen)
    return {
        **standard_figures(seen),
        "usd_per_million": usd,
        "usd_per_million_succeeded": None if usd is None else per_million_succeeded(usd, comparison, succeeded),
        **own,
    }


def _part(sent: Sent, since: float) -> Json:
    document: Json = {"at_ms": round((sent.at - since) * 1000, 1), "ms": sent.ms, "statuses": statuses(sent.answers)}
    if sent.cli is not None:
        document["cli"] = sent.cli
    if sent.left_out:
        document["left_out"] = sent.left_out
    return document
