"""From what was seen of one side to its figures. Pure."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalogue.labs.demos.comparisons.traffic import Sent
from catalogue.labs.demos.expectations import StepAnswer, check_answers, filled
from catalogue.labs.watching.trace import Event, LogLine
from catalogue.patterns.content.schemas.comparison import Comparison, Count, Reading, Side
from catalogue.patterns.content.schemas.pattern import Expect

type Gauges = Mapping[tuple[str, str], int]
"""By logical id and measure: `visible` and `messages` of a queue, `items` of a table."""

SWITCHING = 101
"""Of a WebSocket's handshake (RFC 9110, section 15.2.2)."""


@dataclass(frozen=True)
class Seen:
    """All that was seen of one side, from the traffic's first request until the stack had come to rest."""

    sent: Sequence[Sent]
    lines: Sequence[LogLine] = ()
    events: Sequence[Event] = ()
    """What the lines tell, as `LogReader` reads them."""
    before: Gauges | None = None
    after: Gauges | None = None

    @property
    def answers(self) -> list[StepAnswer]:
        return [answer for sent in self.sent for answer in sent.answers]

    def invocations(self, function: str | None = None) -> list[Event]:
        """Of one function, by its logical id, or of all."""
        return [
            event for event in self.events if event.kind == "invocation" and function in (None, event.data["function"])
        ]


def standard_figures(seen: Seen) -> dict[str, float | None]:
    """STANDARD_FIGURES but the cost, which is none of the counts. None where nothing was asked."""
    answers, invocations = seen.answers, seen.invocations()
    # To fail fast is no merit, and a WebSocket takes as long as it is open.
    times = [answer.ms for answer in answers if answer.status < 500 and answer.status != SWITCHING]
    return {
        "requests": sum(1 + _meanwhile(answer) for answer in answers),
        "invocations": len(invocations),
        "errors": sum(1 for event in invocations if event.data["error"]),
        "refused": sum(1 for answer in answers if 400 <= answer.status < 500),
        "failed": sum(1 for answer in answers if answer.status >= 500),
        "p50_ms": percentile(times, 50),
        "p95_ms": percentile(times, 95),
        "billed_ms": sum(event.data["billed_ms"] for event in invocations),
    }


def _meanwhile(answer: StepAnswer) -> int:
    """How many requests were sent while a WebSocket was open."""
    told = answer.parsed if answer.status == SWITCHING else None
    return len(told["statuses"]) if isinstance(told, dict) and isinstance(told.get("statuses"), list) else 0


def own_figures(comparison: Comparison, side: Side, seen: Seen) -> dict[str, float | None]:
    """The figures of compare.yaml. What a side has nothing of reads as 0."""
    readings = {figure.id: figure.pattern if side == "pattern" else figure.naive for figure in comparison.figures}
    return {id: 0 if reading is None else read(reading, seen) for id, reading in readings.items()}


def successes(comparison: Comparison, figures: Mapping[str, float | None], seen: Seen) -> float:
    """How many outcomes of a side were wanted, by its own figures: `Comparison.success`, else answers below 400."""
    if comparison.success is None:
        return sum(1 for answer in seen.answers if answer.status < 400)
    less = comparison.success.less
    return (figures[comparison.success.figure] or 0) - ((figures[less] or 0) if less else 0)


def read(reading: Reading, seen: Seen) -> int:
    return counted(reading.count, seen) - (counted(reading.minus, seen) if reading.minus else 0)


def counted(count: Count, seen: Seen) -> int:
    """One count of the stack, or of the answers."""
    match count.measure:
        case "invocations":
            return len(seen.invocations(count.resource))
        case "errors":
            return sum(1 for event in seen.invocations(count.resource) if event.data["error"])
        case "logged":
            return sum(
                1 for line in seen.lines if line.function == count.resource and (count.text or "") in line.message
            )
        case "answers":
            parts = [sent for sent in seen.sent if not count.of or sent.part in count.of]
            return sum(1 for sent in parts for answer in sent.answers if _counts(count, answer))
        case _:
            key = (count.resource or "", count.measure)
            return (seen.after or {}).get(key, 0) - (seen.before or {}).get(key, 0)


def _counts(count: Count, answer: StepAnswer) -> bool:
    right_headers = all(check.ok for check in check_answers(filled(Expect(headers=count.headers), {}), [answer]))
    return right_headers and (not count.statuses or answer.status in count.statuses)


def percentile(values: Sequence[float], percent: float) -> float | None:
    """By nearest rank: the smallest value that at least this part of all does not exceed. None of nothing."""
    if not values:
        return None
    return sorted(values)[max(1, math.ceil(len(values) * percent / 100)) - 1]


def statuses(answers: Sequence[StepAnswer]) -> dict[str, int]:
    """How often each status was answered, by its number as text (JSON has no other keys)."""
    return {str(status): count for status, count in sorted(Counter(answer.status for answer in answers).items())}
