"""The description of the site's interfaces for programs: OpenAPI 3.1, schemas from the models that answer."""

import json
from typing import Any, Literal

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from catalogue.patterns.content.fidelity.ledgers import LedgerDocument
from catalogue.patterns.costs.documents import LabBill
from catalogue.patterns.costs.meter import DEFAULT_PER_MONTH, MOST_PER_MONTH
from catalogue.patterns.documents.models import PatternDocument, PatternList
from catalogue.patterns.documents.openapi.comparison_documents import ComparisonState, CreatedComparison
from catalogue.patterns.documents.openapi.lab_documents import (
    CreatedLab,
    KeepRun,
    Lab,
    LeverOutcome,
    Levers,
    MoveLever,
    NewLab,
    Problem,
    RunKept,
    SharedRun,
    StepResult,
    TakeStep,
)
from catalogue.patterns.runs.document import Run

type Json = dict[str, Any]

_SLUG = {"name": "slug", "in": "path", "required": True, "schema": {"type": "string"}}
_LAB = {
    "name": "id",
    "in": "path",
    "required": True,
    "schema": {"type": "string"},
    "description": "The lab's ID. It cannot be guessed, and anyone who has it can call the lab.",
}
_OWNER: list[dict[str, list[str]]] = [{"bearer": []}, {"owner": []}]


def openapi_text(site_url: str) -> str:
    return json.dumps(openapi(site_url), ensure_ascii=False, indent=2) + "\n"


def openapi(site_url: str) -> Json:
    """The whole document. Source: https://spec.openapis.org/oas/v3.1.1.html"""
    models: list[type[BaseModel]] = [
        PatternList,
        PatternDocument,
        LedgerDocument,
        NewLab,
        Lab,
        CreatedLab,
        LabBill,
        TakeStep,
        StepResult,
        Levers,
        MoveLever,
        LeverOutcome,
        KeepRun,
        RunKept,
        SharedRun,
        ComparisonState,
        CreatedComparison,
        Problem,
    ]
    answered: Literal["serialization"] = "serialization"
    _, schemas = models_json_schema(
        [(model, answered) for model in models], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Serverless Patterns",
            "version": "1",
            "summary": "Serverless patterns as data, and labs to run them.",
            "description": "Reading needs no account and no key. A lab belongs to the browser or the token "
            "that created it. Every error is a problem document (RFC 9457).",
            "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": site_url}],
        "tags": [
            {"name": "patterns", "description": "The content of the catalogue."},
            {"name": "labs", "description": "Your own copy of a pattern, deployed for a limited time."},
        ],
        "paths": _pattern_paths() | _lab_paths() | _comparison_paths(),
        "components": {
            "schemas": schemas["$defs"] | _run_schemas(),
            "responses": {
                "Problem": {
                    "description": "An error with its reason.",
                    "content": {"application/problem+json": {"schema": _ref("Problem")}},
                }
            },
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer", "description": "The `token` of POST /labs/."},
                "owner": {"type": "apiKey", "in": "cookie", "name": "labs_owner"},
            },
        },
    }


def _run_schemas() -> Json:
    """The run document under `Run`. Its parts carry its name, because other schemas have names like theirs."""
    whole = Run.model_json_schema(mode="serialization", ref_template="#/components/schemas/Run{model}")
    parts = whole.pop("$defs")
    return {"Run": whole} | {f"Run{name}": part for name, part in parts.items()}


def _ref(model: str) -> Json:
    return {"$ref": f"#/components/schemas/{model}"}


def _json(model: str, description: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": _ref(model)}}}


def _slow(model: str, description: str) -> Json:
    """An answer whose status is sent before its body is known, if the body takes longer than ten seconds."""
    late = (
        "If it takes longer than ten seconds, the status 200 is sent first, then empty lines, then the JSON. "
        "An error after that is a problem document in the body; its `status` is the real one."
    )
    schema = {"anyOf": [_ref(model), _ref("Problem")]}
    return {"description": f"{description} {late}", "content": {"application/json": {"schema": schema}}}


def _text(media_type: str, description: str) -> Json:
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}


def _binary(media_type: str, description: str) -> Json:
    return {"description": description, "content": {media_type: {}}}


def _operation(id: str, tag: str, summary: str, responses: dict[str, Json], **more: Any) -> Json:
    responses = responses | {"default": {"$ref": "#/components/responses/Problem"}}
    return {"operationId": id, "tags": [tag], "summary": summary, "responses": responses} | more


def _get(id: str, summary: str, response: Json) -> Json:
    return {"get": _operation(id, "patterns", summary, {"200": response})}


def _pattern_paths() -> Json:
    one = {"parameters": [_SLUG]}
    file = {"name": "path", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/patterns.json": _get("listPatterns", "Every pattern", _json("PatternList", "By level, then title.")),
        "/patterns/{slug}.json": one
        | _get("getPattern", "One pattern as data", _json("PatternDocument", "Everything except the prose.")),
        "/patterns/{slug}/ledger.json": one
        | _get("getLedger", "How faithful a pattern's lab is", _json("LedgerDocument", "Row by row.")),
        "/patterns/{slug}/recorded.json": one
        | _get(
            "getRecordedRun",
            "A recorded run of the pattern's whole demo",
            _json("Run", "As recorded in a real lab."),
        ),
        "/patterns/{slug}.md": one
        | _get("readPattern", "One pattern to read", _text("text/markdown", "The full text, including code.")),
        "/patterns/{slug}/project.zip": one
        | _get(
            "downloadProject",
            "One pattern to deploy",
            _binary("application/zip", "A project for the SAM CLI; the same bytes for the same content."),
        ),
        "/patterns/{slug}/diagram.svg": one
        | _get("getDiagram", "A pattern's diagram", _text("image/svg+xml", "A picture with its description.")),
        "/patterns/{slug}/diagram.png": one
        | _get("getDiagramImage", "A pattern's diagram for mail", _binary("image/png", "952 pixels wide.")),
        "/patterns/{slug}/share.png": one
        | _get("getShareImage", "A pattern's share image", _binary("image/png", "1200 by 630 pixels.")),
        "/patterns/{slug}/raw/{path}": {"parameters": [_SLUG, file]}
        | _get("readFile", "One file of a pattern", _text("text/plain", "The file as deployed.")),
        "/feed.atom": _get("getFeed", "New and revised patterns", _text("application/atom+xml", "Newest first.")),
    }


def _lab_paths() -> Json:
    lab = {"parameters": [_LAB]}
    body = {"schema": _ref("NewLab")}
    run = {"name": "run_id", "in": "path", "required": True, "schema": {"type": "string"}}
    step = {"name": "step_id", "in": "path", "required": True, "schema": {"type": "string"}}
    lever = {"name": "lever_id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/labs/": {
            "post": _operation(
                "createLab",
                "labs",
                "Deploy a pattern for yourself",
                {"201": _json("CreatedLab", "The lab, which is deploying. It is ready in about a second.")},
                requestBody={
                    "required": True,
                    "content": {"application/json": body, "application/x-www-form-urlencoded": body},
                },
            )
        },
        "/labs/{id}": lab
        | {
            "get": _operation("getLab", "labs", "The lab's state", {"200": _json("Lab", "As of now.")}),
            "delete": _operation(
                "deleteLab",
                "labs",
                "Delete the lab",
                {"204": {"description": "The lab is deleted or being deleted."}},
                security=_OWNER,
            ),
        },
        "/labs/{id}/extend": lab
        | {
            "post": _operation(
                "extendLab",
                "labs",
                "Extend the lab's time, once",
                {"200": _json("Lab", "The lab with its new expiry.")},
                security=_OWNER,
            )
        },
        "/labs/{id}/bill": lab
        | {
            "get": _operation(
                "getBill",
                "labs",
                "The lab's cost so far, and its cost per month",
                {"200": _json("LabBill", "At AWS's list prices, with the formula for each amount.")},
                parameters=[
                    {
                        "name": "per_month",
                        "in": "query",
                        "schema": {
                            "type": "integer",
                            "minimum": 0,
                            "maximum": MOST_PER_MONTH,
                            "default": DEFAULT_PER_MONTH,
                        },
                        "description": "The number of such requests per month.",
                    },
                    {
                        "name": "free_tier",
                        "in": "query",
                        "schema": {"enum": ["on", "off"], "default": "off"},
                        "description": "Whether to subtract AWS's monthly free tier.",
                    },
                ],
            )
        },
        "/labs/{id}/events": lab
        | {
            "get": _operation(
                "watchLab",
                "labs",
                "The lab's events, live",
                {
                    "200": _text(
                        "text/event-stream",
                        "Server-sent events: state, request, log, invocation, gauge, gone. Each `data` is "
                        "JSON with `at` in Unix seconds; `edges` are the edges of the diagram that the event used. "
                        "Send the last `id` as Last-Event-ID to continue a stream.",
                    )
                },
            )
        },
        "/labs/{id}/levers": lab
        | {
            "get": _operation(
                "listLevers",
                "labs",
                "The lab's levers and their state",
                {"200": _json("Levers", "In the order of the demo.")},
            )
        },
        "/labs/{id}/levers/{lever_id}": {"parameters": [_LAB, lever]}
        | {
            "post": _operation(
                "moveLever",
                "labs",
                "Pull or release a lever, or check its effect",
                {"200": _slow("LeverOutcome", "What was done and observed.")},
                requestBody={
                    "required": True,
                    "content": {
                        "application/json": {"schema": _ref("MoveLever")},
                        "application/x-www-form-urlencoded": {"schema": _ref("MoveLever")},
                    },
                },
                security=_OWNER,
            )
        },
        "/labs/{id}/runs": lab
        | {
            "post": _operation(
                "keepRun",
                "labs",
                "Keep the run of one of your own calls",
                {"201": _json("RunKept", "The address of the run.")},
                requestBody={"required": True, "content": {"application/json": {"schema": _ref("KeepRun")}}},
                security=_OWNER,
            )
        },
        "/labs/{id}/runs/{run_id}": {"parameters": [_LAB, run]}
        | {
            "get": _operation(
                "getRun",
                "labs",
                "A run: what was observed during a step, a lever or a call",
                {"200": _json("Run", "Times are milliseconds from the run's start.")},
            )
        },
        "/labs/{id}/runs/{run_id}/share": {"parameters": [_LAB, run]}
        | {
            "post": _operation(
                "shareRun",
                "labs",
                "Create a public link to the run",
                {"201": _json("SharedRun", "The same link each time. It returns 410 when it has expired.")},
                security=_OWNER,
            )
        },
        "/runs/{token}.json": {
            "parameters": [{"name": "token", "in": "path", "required": True, "schema": {"type": "string"}}]
        }
        | {
            "get": _operation(
                "getSharedRun",
                "labs",
                "A shared run",
                {"200": _json("Run", "It contains nothing that identifies its lab.")},
            )
        },
        "/labs/{id}/steps/{step_id}": {"parameters": [_LAB, step]}
        | {
            "post": _operation(
                "runStep",
                "labs",
                "Run one step of the pattern's demo",
                {"200": _slow("StepResult", "The answers and observations.")},
                requestBody={"content": {"application/json": {"schema": _ref("TakeStep")}}},
                security=_OWNER,
            )
        },
    }


def _comparison_paths() -> Json:
    one = {"parameters": [_LAB | {"description": "The comparison's ID, which cannot be guessed."}]}
    body = {"schema": _ref("NewLab")}
    done = _slow("ComparisonState", "With its result, or with state failed and the reason.")
    return {
        "/labs/comparisons/": {
            "post": _operation(
                "createComparison",
                "labs",
                "Deploy a pattern and its naive twin for yourself",
                {
                    "201": _json(
                        "CreatedComparison", "Both labs count toward the visitor's limit; 429 if there is no room."
                    )
                },
                requestBody={
                    "required": True,
                    "content": {"application/json": body, "application/x-www-form-urlencoded": body},
                },
            )
        },
        "/labs/comparisons/{id}": one
        | {
            "get": _operation(
                "getComparison",
                "labs",
                "Both labs, and the latest result",
                {"200": _json("ComparisonState", "As of now.")},
            )
        },
        "/labs/comparisons/{id}/run": one
        | {
            "post": _operation(
                "runComparison",
                "labs",
                "Send the same traffic to both, and count what it did",
                {"200": done},
                description="Answers when both sides have finished, which takes seconds and at most a minute and a "
                "half. One run at a time: 429 with Retry-After.",
                security=_OWNER,
            )
        },
        "/labs/comparisons/{id}/delete": one
        | {
            "post": _operation(
                "deleteComparison",
                "labs",
                "Delete both labs",
                {"204": {"description": "Both are deleted or being deleted."}},
                security=_OWNER,
            )
        },
    }
