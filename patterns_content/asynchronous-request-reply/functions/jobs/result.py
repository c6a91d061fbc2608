"""Returns the result of a job that succeeded, for as long as it is kept."""

import time
from typing import Any

import jobs
import states
from web import answer, headers_of, log, problem


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """GET /proofs/{id} -> 200 {"proof", "artwork", "pages": [{"number", "sha256"}]}, or 404."""
    proof, trace = event["pathParameters"]["id"], headers_of(event).get("x-amzn-trace-id")
    state, found = jobs.read(proof, time.time()) if jobs.ID.fullmatch(proof) else ("absent", {})
    rule = states.RULES[state, "fetch"]
    if rule.answer != "200":
        log("proof.unknown", trace)
        return problem(rule.answer, "There is no such proof")
    log("proof.read", trace, proof=proof)
    pages = [{"number": number, "sha256": page["S"]} for number, page in enumerate(found["proof"]["L"], 1)]
    return answer(rule.answer, {"proof": proof, "artwork": found["artwork"]["S"], "pages": pages})
