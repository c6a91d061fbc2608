"""What `open` says, to a person at a terminal and to a program that reads its lines of JSON."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from catalogue.labs.targets.verdict import Verdict


def say(text: str) -> None:
    """A line about what goes on, for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def show_json(document: Mapping[str, Any]) -> None:
    """A line of JSON on standard output."""
    print(json.dumps(document), flush=True)


def document_of(found: Verdict) -> dict[str, Any]:
    """`{"arrows": [{"from", "to", "kind", "status", "reason"}], "not_emulated": [{"type", "resources", "reason"}]}`.

    A reason is there where an arrow does not work; what is not emulated has its type or its reason.
    """
    return {
        "arrows": [
            {"from": one.source, "to": one.target, "kind": one.kind, "status": one.status}
            | ({"reason": one.reason} if one.reason else {})
            for one in found.arrows
        ],
        "not_emulated": [
            *({"type": type, "resources": ids} for type, ids in found.left_out.items()),
            *({"resources": [id], "reason": reason} for id, reason in found.not_run.items()),
        ],
    }


def lines_of(found: Verdict) -> list[str]:
    """Each arrow with its state, for a reader at a terminal."""
    return [
        f"{one.source} -> {one.target}  {one.status}{': ' + one.reason if one.reason else ''}" for one in found.arrows
    ] or ["No arrow is proven."]
