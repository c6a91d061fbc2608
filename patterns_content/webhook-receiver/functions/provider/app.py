"""POST /provider/events: stands for the payment provider. Signs an event, and delivers it as often as it is asked to.

It is here so that you can try the receiver, and it signs whatever it is asked to. Leave it out of a real system.
"""

import json
import os
import time
import urllib.error
import urllib.request
import uuid
from typing import Any

from keys import keys
from signature import sign

TRIES = 3
PAUSE_SECONDS = 0.2
TIMEOUT_SECONDS = 5


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """200 with the signed event and the receiver's answers, 502 if the provider has given up on a delivery."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace, wanted = headers.get("x-amzn-trace-id", ""), json.loads(event["body"])
    number, timestamp = f"evt-{uuid.uuid4()}", int(time.time()) - wanted.get("age_seconds", 0)
    payload = payload_of(number, wanted)
    signed = {
        "webhook-id": number,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(number, timestamp, payload.encode(), keys()[0]),
    }
    answers = [deliver(payload, signed, trace) for _ in range(wanted.get("deliveries", 0))]
    given_up = any(not tries or tries[-1] // 100 != 2 for tries in answers)
    log("event.signed", trace, event=number, answers=answers)
    names = {"id": number, "timestamp": str(timestamp), "signature": signed["webhook-signature"]}
    body = {**names, "payload": payload, "answers": answers}
    return {
        "statusCode": 502 if given_up else 200,
        "headers": {"Content-Type": "application/json"},
        "body": json.dumps(body),
    }


def payload_of(number: str, wanted: dict[str, Any]) -> str:
    """The event as this provider writes it: spaces, letters beyond ASCII, and an amount that ends with a zero."""
    return (
        f'{{"id": "{number}", "type": "payment.{wanted["status"]}", "payment": "{wanted["payment"]}", '
        f'"version": {wanted["version"]}, "amount": 12.50, "shop": "Töpferei am Markt"}}'
    )


def deliver(payload: str, signed: dict[str, str], trace: str) -> list[int]:
    """The statuses of a delivery: it is repeated until the receiver answers 2xx, at most three times."""
    tries: list[int] = []
    while len(tries) < TRIES and not (tries and tries[-1] // 100 == 2):
        if tries:
            time.sleep(PAUSE_SECONDS)
        tries.append(send(payload, signed, trace))
    return tries


def send(payload: str, signed: dict[str, str], trace: str) -> int:
    """The status of one request, or 0 if there was no answer."""
    request = urllib.request.Request(  # noqa: S310  the address is this stack's own
        webhook_url(),
        data=payload.encode(),
        headers={"Content-Type": "application/json", "X-Amzn-Trace-Id": trace, **signed},
        method="POST",
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:  # noqa: S310
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def webhook_url() -> str:
    """The receiver's address. The API of a lab is reached at the emulator, which `AWS_ENDPOINT_URL` names."""
    api, stage = os.environ["API_ID"], os.environ["STAGE"]
    emulator = os.environ.get("AWS_ENDPOINT_URL")
    if emulator:
        return f"{emulator}/_aws/execute-api/{api}/{stage}/webhooks/payments"
    return f"https://{api}.execute-api.{os.environ['AWS_REGION']}.amazonaws.com/{stage}/webhooks/payments"


def log(step: str, trace: str, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
