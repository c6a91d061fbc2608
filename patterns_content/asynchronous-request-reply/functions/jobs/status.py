"""Reports the status of a job, and redirects the caller to the result once there is one."""

import time
from typing import Any

import jobs
import states
from web import answer, headers_of, log, problem, retry_after


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """GET /jobs/{id} -> 200 if pending, failed or canceled; 303 to the proof if done; 404 if unknown or expired."""
    job, trace, now = event["pathParameters"]["id"], headers_of(event).get("x-amzn-trace-id"), time.time()
    state, found = jobs.look(job, now) if jobs.ID.fullmatch(job) else ("absent", {})
    rule = states.RULES[state, "ask"]
    if state == "absent":
        log("job.unknown", trace)
        return problem(rule.answer, "There is no such job")

    log("job.asked", trace, job=job, status=state)
    body: dict[str, Any] = {"job": job, "status": state}
    if state == "succeeded":
        return answer(rule.answer, body, **{"Location": f"../proofs/{job}", "Cache-Control": "no-store"})

    done, total, attempt = (int(found[name]["N"]) for name in ("pages_done", "pages", "attempt"))
    detail = found["reason"]["S"] if "reason" in found else f"{done} of {total} pages"
    body |= {"progress": {"done": done, "total": total}, "attempt": attempt, "detail": detail}
    headers = {"Cache-Control": "no-store"}
    if state in states.PENDING:
        headers["Retry-After"] = retry_after(float(found["created_at"]["N"]), now)
    return answer(rule.answer, body, **headers)
