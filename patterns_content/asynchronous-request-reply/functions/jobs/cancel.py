"""Cancels a job that has not ended: after this write, its worker can no longer write."""

import time
from typing import Any

import jobs
from web import answer, headers_of, log, problem

REASON = "The caller canceled it."


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DELETE /jobs/{id} -> 200 when it is canceled (also the second time), 404, or 409 when it has ended."""
    job, trace = event["pathParameters"]["id"], headers_of(event).get("x-amzn-trace-id")
    if not jobs.ID.fullmatch(job):
        return problem("404", "There is no such job")
    outcome = jobs.apply("cancel", job, time.time(), "reason = :reason", {":reason": {"S": REASON}})
    if outcome.answer == "200":
        log("job.canceled", trace, job=job)
        return answer(outcome.answer, {"job": job, "status": "canceled"})
    log("job.not_canceled", trace, job=job)
    if outcome.answer == "404":
        return problem(outcome.answer, "There is no such job")
    return problem(outcome.answer, "The job has ended", outcome.item["status"]["S"])
