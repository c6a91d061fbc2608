"""Prints that it was called, with the trace that is somewhere in its event."""

import base64
import json
import re
import time
from typing import Any

_TRACE = re.compile(r"1-[0-9a-f]{8}-[0-9a-f]{24}")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    text = json.dumps(event)
    for record in event.get("Records", ()):
        if "kinesis" in record:
            text += base64.b64decode(record["kinesis"]["data"]).decode()
    found = _TRACE.search(text)
    trace = f"Root={found[0]}" if found else ""
    print(json.dumps({"at": time.time(), "step": "worker.called", "trace": trace}))
    if "triggerSource" in event:  # of a user pool, which is answered with its own event
        event["response"]["autoConfirmUser"] = True
        return event
    return {"statusCode": 200}
