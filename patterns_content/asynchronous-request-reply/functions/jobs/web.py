"""What the functions share: headers, answers, log lines, and the pause before the next question."""

import json
import time
from typing import Any

LONGEST_PAUSE = 30


def headers_of(event: dict[str, Any]) -> dict[str, str]:
    """The request's headers by lower-case name. API Gateway passes names on in the client's case."""
    return {name.lower(): value for name, value in (event.get("headers") or {}).items()}


# region retry_after
def retry_after(created_at: float, now: float) -> str:
    """The pause before the next question, in seconds: a tenth of the job's age, at least 1 and at most 30."""
    return str(max(1, min(LONGEST_PAUSE, int((now - created_at) / 10))))


# endregion


def answer(status: str | int, body: dict[str, Any], **headers: str) -> dict[str, Any]:
    """A JSON answer; an error has the format of RFC 9457."""
    kind = "application/problem+json" if int(status) >= 400 else "application/json"
    headers = {"Content-Type": kind, **headers}
    return {"statusCode": int(status), "headers": headers, "body": json.dumps(body)}


def problem(status: str | int, title: str, detail: str = "") -> dict[str, Any]:
    body = {"status": int(status), "title": title} | ({"detail": detail} if detail else {})
    return answer(status, body)


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
