"""The naive twin's handler (naive.yaml): it packs in the same way, but while the caller waits."""

import json
import time
from typing import Any

from warehouse import CannotPack, WarehouseBusy, pack


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Pack the posted order now. If the warehouse is busy, the handler can only refuse the order."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id", "")
    try:
        order = pack(json.loads(event.get("body") or ""))
    except WarehouseBusy as error:
        log("order.lost", trace, error=str(error))
        return answer(503, {"status": "not accepted", "detail": "The warehouse is busy."})
    except (CannotPack, ValueError, RecursionError) as error:
        log("order.failed", trace, error=f"{type(error).__name__}: {error}")
        return answer(400, {"status": "not accepted", "detail": str(error)})
    log("order.packed", trace, order=order)
    return answer(201, {"status": "packed", "order": order})


def answer(status: int, body: dict[str, str]) -> dict[str, Any]:
    """A proxy integration's response."""
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}


def log(step: str, trace: str, **facts: Any) -> None:
    """One line of JSON."""
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
