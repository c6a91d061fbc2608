"""The states of a job and their transitions, as one table. Every function uses it, and no other place decides.

A state is a job's status in the table, or `absent` for a job that was never ordered or has expired. A job
leaves a final state only when it expires.
"""

from typing import NamedTuple

PENDING = ("queued", "running")
FINAL = ("succeeded", "failed", "canceled")
STATES = ("absent", *PENDING, *FINAL)


class Rule(NamedTuple):
    source: str
    event: str
    target: str
    answer: str
    """An HTTP status for the caller, a word for the worker, or "" if there is no answer to give."""


# region table
TABLE = tuple(
    Rule(*row)
    for row in (
        # from        event        to           answer
        ("absent", "order", "queued", "202"),
        ("queued", "order", "queued", "202"),
        ("running", "order", "running", "202"),
        ("succeeded", "order", "succeeded", "202"),
        ("failed", "order", "failed", "202"),
        ("canceled", "order", "canceled", "202"),
        ("absent", "ask", "absent", "404"),
        ("queued", "ask", "queued", "200"),
        ("running", "ask", "running", "200"),
        ("succeeded", "ask", "succeeded", "303"),
        ("failed", "ask", "failed", "200"),
        ("canceled", "ask", "canceled", "200"),
        ("absent", "fetch", "absent", "404"),
        ("queued", "fetch", "queued", "404"),
        ("running", "fetch", "running", "404"),
        ("succeeded", "fetch", "succeeded", "200"),
        ("failed", "fetch", "failed", "404"),
        ("canceled", "fetch", "canceled", "404"),
        ("absent", "cancel", "absent", "404"),
        ("queued", "cancel", "canceled", "200"),
        ("running", "cancel", "canceled", "200"),
        ("succeeded", "cancel", "succeeded", "409"),
        ("failed", "cancel", "failed", "409"),
        ("canceled", "cancel", "canceled", "200"),
        # The worker receives the job's message, and the job has no claim or one that is still valid ...
        ("absent", "claim", "absent", "skip"),
        ("queued", "claim", "running", "work"),
        ("running", "claim", "running", "busy"),
        ("succeeded", "claim", "succeeded", "skip"),
        ("failed", "claim", "failed", "skip"),
        ("canceled", "claim", "canceled", "skip"),
        # ... or a claim that has expired.
        ("absent", "take over", "absent", "skip"),
        ("queued", "take over", "running", "work"),
        ("running", "take over", "running", "work"),
        ("succeeded", "take over", "succeeded", "skip"),
        ("failed", "take over", "failed", "skip"),
        ("canceled", "take over", "canceled", "skip"),
        # The holder of the claim has rendered a page, or all pages, or cannot render the order.
        ("absent", "page", "absent", "stop"),
        ("queued", "page", "queued", "stop"),
        ("running", "page", "running", "go on"),
        ("succeeded", "page", "succeeded", "stop"),
        ("failed", "page", "failed", "stop"),
        ("canceled", "page", "canceled", "stop"),
        ("absent", "finish", "absent", "stop"),
        ("queued", "finish", "queued", "stop"),
        ("running", "finish", "succeeded", "go on"),
        ("succeeded", "finish", "succeeded", "stop"),
        ("failed", "finish", "failed", "stop"),
        ("canceled", "finish", "canceled", "stop"),
        ("absent", "give up", "absent", "stop"),
        ("queued", "give up", "queued", "stop"),
        ("running", "give up", "failed", "go on"),
        ("succeeded", "give up", "succeeded", "stop"),
        ("failed", "give up", "failed", "stop"),
        ("canceled", "give up", "canceled", "stop"),
        # Time: the deadline passes, and a day after the order the job expires.
        ("absent", "deadline", "absent", ""),
        ("queued", "deadline", "failed", ""),
        ("running", "deadline", "failed", ""),
        ("succeeded", "deadline", "succeeded", ""),
        ("failed", "deadline", "failed", ""),
        ("canceled", "deadline", "canceled", ""),
        ("absent", "expiry", "absent", ""),
        ("queued", "expiry", "absent", ""),
        ("running", "expiry", "absent", ""),
        ("succeeded", "expiry", "absent", ""),
        ("failed", "expiry", "absent", ""),
        ("canceled", "expiry", "absent", ""),
    )
)
# endregion

RULES = {(rule.source, rule.event): rule for rule in TABLE}
EVENTS = tuple(dict.fromkeys(rule.event for rule in TABLE))


def writing(event: str) -> tuple[Rule, ...]:
    """The rules by which the event changes an existing job. Each needs a write, on the condition of its `source`."""
    return tuple(
        rule
        for rule in TABLE
        if rule.event == event and rule.source in PENDING and (rule.target != rule.source or rule.answer in _WRITTEN)
    )


_WRITTEN = ("work", "go on")
"""Answers that require a write although the state stays the same: a claim taken over, one more page."""
