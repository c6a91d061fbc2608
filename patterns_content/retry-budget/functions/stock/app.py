"""Stands for a stock system of another team. STATE says how it is: up, down, or slow.

An item whose name begins with `rare` fails at the first try and not at the next, like a short network fault.
"""

import json
import os
import time
from typing import Any

SLOW_SECONDS = 4


class Down(Exception):
    """The stock system is down."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """How many of the item are in stock. Raises Down."""
    state = os.environ["STATE"]
    log("stock.asked", event, state=state)
    if state == "slow":
        time.sleep(SLOW_SECONDS)
    if state == "down" or (event["item"].startswith("rare") and event["attempt"] == 1):
        raise Down(f"{event['item']}: no answer at try {event['attempt']}")
    return {"item": event["item"], "in_stock": 12}


def log(step: str, event: dict[str, Any], **facts: Any) -> None:
    facts = {"item": event["item"], "attempt": event["attempt"], **facts}
    print(json.dumps({"at": time.time(), "step": step, "trace": event["trace"], **facts}))
