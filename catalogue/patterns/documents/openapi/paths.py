"""The addresses that /openapi.json describes: patterns, labs and comparisons."""

from typing import Any

from catalogue.patterns.costs.meter import DEFAULT_PER_MONTH, MOST_PER_MONTH
from catalogue.patterns.documents.openapi.event_documents import stream_schema

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


def ref(model: str) -> Json:
    return {"$ref": f"#/components/schemas/{model}"}


def _json(model: str, description: str) -> Json:
    return {"description": description, "content": {"application/json": {"schema": ref(model)}}}


def _slow(model: str, description: str) -> Json:
    """An answer whose status is sent before its body is known, if the body takes longer than ten seconds."""
    late = (
        "If it takes longer than ten seconds, the status 200 is sent first, then empty lines, then the JSON. "
        "An error after that is a problem document in the body; its `status` is the real one."
    )
    schema = {"anyOf": [ref(model), ref("Problem")]}
    return {"description": f"{description} {late}", "content": {"application/json": {"schema": schema}}}


def _text(media_type: str, description: str) -> Json:
    return {"description": description, "content": {media_type: {"schema": {"type": "string"}}}}


def _binary(media_type: str, description: str) -> Json:
    return {"description": description, "content": {media_type: {}}}


def _operation(id: str, tag: str, summary: str, description: str, responses: dict[str, Json], **more: Any) -> Json:
    refused = {"$ref": "#/components/responses/Problem"}
    responses = responses | {"4XX": refused, "default": refused}
    said = {"operationId": id, "tags": [tag], "summary": summary, "description": description}
    return said | {"responses": responses} | more


def _get(id: str, summary: str, description: str, response: Json) -> Json:
    return {"get": _operation(id, "patterns", summary, description, {"200": response})}


def pattern_paths() -> Json:
    one = {"parameters": [_SLUG]}
    file = {"name": "path", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/patterns/{slug}.json": one
        | _get(
            "getPattern",
            "One pattern as data",
            "Title, question, services, diagram, steps, levers, prices and files of the pattern, with the addresses"
            " of all its other forms.",
            _json("PatternDocument", "Everything except the prose."),
        ),
        "/patterns/{slug}/ledger.json": one
        | _get(
            "getLedger",
            "How faithful a pattern's lab is",
            "Each behavior that the pattern relies on: what AWS documents, what the embedded AWS did in the tests, "
            "and what differs.",
            _json("LedgerDocument", "Row by row."),
        ),
        "/patterns/{slug}/recorded.json": one
        | _get(
            "getRecordedRun",
            "A recorded run of the pattern's whole demo",
            "Calls, invocations, log lines, counts and usage of one run of all steps and levers.",
            _json("Run", "As recorded in a real lab."),
        ),
        "/patterns/{slug}.md": one
        | _get(
            "readPattern",
            "One pattern to read",
            "The page as Markdown, with the code that it quotes.",
            _text("text/markdown", "The full text, including code."),
        ),
        "/patterns/{slug}/project.zip": one
        | _get(
            "downloadProject",
            "One pattern to deploy",
            "The template, the functions with their tests, and a README whose commands work with the reader's own "
            "stack.",
            _binary("application/zip", "A project for the SAM CLI; the same bytes for the same content."),
        ),
        "/patterns/{slug}/diagram.svg": one
        | _get(
            "getDiagram",
            "A pattern's diagram",
            "The diagram as SVG, with its description.",
            _text("image/svg+xml", "A picture with its description."),
        ),
        "/patterns/{slug}/diagram.png": one
        | _get(
            "getDiagramImage",
            "A pattern's diagram for mail",
            "The diagram as a bitmap, for programs that do not show SVG.",
            _binary("image/png", "952 pixels wide."),
        ),
        "/patterns/{slug}/share.png": one
        | _get(
            "getShareImage",
            "A pattern's share image",
            "The picture that a link to the pattern shows elsewhere.",
            _binary("image/png", "1200 by 630 pixels."),
        ),
        "/patterns/{slug}/raw/{path}": {"parameters": [_SLUG, file]}
        | _get(
            "readFile",
            "One file of a pattern",
            "Any file that the pattern lists, as it is in its folder.",
            _text("text/plain", "The file as deployed."),
        ),
        "/feed.atom": _get(
            "getFeed",
            "New and revised patterns",
            "An Atom feed of new patterns and substantial revisions.",
            _text("application/atom+xml", "Newest first."),
        ),
    }


def lab_paths() -> Json:
    lab = {"parameters": [_LAB]}
    body = {"schema": ref("NewLab")}
    asked = {"required": True, "content": {"application/json": body, "application/x-www-form-urlencoded": body}}
    run = {"name": "run_id", "in": "path", "required": True, "schema": {"type": "string"}}
    step = {"name": "step_id", "in": "path", "required": True, "schema": {"type": "string"}}
    lever = {"name": "lever_id", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/labs/": {
            "get": _operation(
                "listLabs",
                "labs",
                "Your live labs",
                "The labs of the visitor whose cookie is sent, the one that ends next first; none without a cookie.",
                {"200": _json("OwnLabs", "As of now.")},
                security=[{"owner": []}],
            ),
            "post": _operation(
                "createLab",
                "labs",
                "Deploy a pattern for yourself",
                "Creates a stack of your own. It is deleted when its time is over, or earlier if it is not used. "
                "Sets the owner's cookie and returns a token that does the same.",
                {"201": _json("CreatedLab", "The lab, which is deploying. It is ready in about a second.")},
                requestBody=asked,
            ),
        },
        "/labs/begin": {
            "post": _operation(
                "beginLab",
                "labs",
                "Deploy a pattern for yourself and send its first request",
                "As POST /labs/. As soon as the lab is ready, the first request of its demo is sent too; the "
                "answer waits for that for a few seconds.",
                {"201": _json("CreatedLab", "The lab, which may still be deploying.")},
                requestBody=asked,
            )
        },
        "/labs/{id}": lab
        | {
            "get": _operation(
                "getLab",
                "labs",
                "The lab's state",
                "Whether it is deploying, ready, failed or gone, when it is deleted, and which levers are pulled.",
                {"200": _json("Lab", "As of now.")},
            ),
            "delete": _operation(
                "deleteLab",
                "labs",
                "Delete the lab",
                "Deletes the stack and all that is in it. Only its owner can.",
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
                "Adds time until the lab is deleted. A second request is refused.",
                {"200": _json("Lab", "The lab with its new expiry.")},
                security=_OWNER,
            )
        },
        "/labs/{id}/use": lab
        | {
            "post": _operation(
                "useLab",
                "labs",
                "Count as use of the lab",
                "Reading a lab's page counts as use, so that the idle limit begins again.",
                {"200": _json("Lab", "The lab with its new end.")},
                security=_OWNER,
            )
        },
        "/labs/{id}/bill": lab
        | {
            "get": _operation(
                "getBill",
                "labs",
                "The lab's cost so far, and its cost per month",
                "What the counted operations of the lab cost, and what they would cost at the given rate.",
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
                "Server-sent events. The lab's state comes first, then what happened before and what happens now. "
                "The number of streams is limited: 429 if there is no room.",
                {
                    "200": {
                        "description": "Each `data` is JSON, with the event's time in Unix seconds as `at`. "
                        "Send the last `id` as Last-Event-ID to continue a stream.",
                        "content": {"text/event-stream": {"schema": stream_schema()}},
                    }
                },
            )
        },
        "/labs/{id}/levers": lab
        | {
            "get": _operation(
                "listLevers",
                "labs",
                "The lab's levers and their state",
                "Faults that the lab's owner can cause and remove.",
                {"200": _json("Levers", "In the order of the demo.")},
            ),
            "post": _operation(
                "resetLevers",
                "labs",
                "Release every lever that is pulled",
                "Removes all faults, one after the other.",
                {"200": _slow("LeversReset", "What is pulled still.")},
                requestBody={
                    "required": True,
                    "content": {
                        "application/json": {"schema": ref("ResetLevers")},
                        "application/x-www-form-urlencoded": {"schema": ref("ResetLevers")},
                    },
                },
                security=_OWNER,
            ),
        },
        "/labs/{id}/levers/{lever_id}": {"parameters": [_LAB, lever]}
        | {
            "post": _operation(
                "moveLever",
                "labs",
                "Pull or release a lever, or check its effect",
                "`pull` causes the fault, `release` removes it, `try` sends the lever's requests and checks what "
                "they did.",
                {"200": _slow("LeverOutcome", "What was done and observed.")},
                requestBody={
                    "required": True,
                    "content": {
                        "application/json": {"schema": ref("MoveLever")},
                        "application/x-www-form-urlencoded": {"schema": ref("MoveLever")},
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
                "Stores everything that was observed of one call, which is named by its trace ID.",
                {"201": _json("RunKept", "The address of the run.")},
                requestBody={"required": True, "content": {"application/json": {"schema": ref("KeepRun")}}},
                security=_OWNER,
            )
        },
        "/labs/{id}/runs/{run_id}": {"parameters": [_LAB, run]}
        | {
            "get": _operation(
                "getRun",
                "labs",
                "A run: what was observed during a step, a lever or a call",
                "The run as JSON. With `Accept: text/html`, the page that replays it.",
                {"200": _json("Run", "Times are milliseconds from the run's start.")},
            )
        },
        "/labs/{id}/runs/{run_id}/share": {"parameters": [_LAB, run]}
        | {
            "post": _operation(
                "shareRun",
                "labs",
                "Create a public link to the run",
                "The link works without the lab, for a limited time, and shows nothing that identifies the lab.",
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
                "The run behind a public link.",
                {"200": _json("Run", "It contains nothing that identifies its lab.")},
            )
        },
        "/labs/{id}/steps/{step_id}": {"parameters": [_LAB, step]}
        | {
            "post": _operation(
                "runStep",
                "labs",
                "Run one step of the pattern's demo",
                "Sends the step's requests or performs its operation, waits for what it expects, and returns the "
                "checks.",
                {"200": _slow("StepResult", "The answers and observations.")},
                requestBody={"content": {"application/json": {"schema": ref("TakeStep")}}},
                security=_OWNER,
            )
        },
    }


def comparison_paths() -> Json:
    one = {"parameters": [_LAB | {"description": "The comparison's ID, which cannot be guessed."}]}
    body = {"schema": ref("NewLab")}
    done = _slow("ComparisonState", "With its result, or with state failed and the reason.")
    return {
        "/labs/comparisons/": {
            "post": _operation(
                "createComparison",
                "labs",
                "Deploy a pattern and its naive twin for yourself",
                "Deploys two labs at the same time: the pattern, and the same job without it.",
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
                "The state of the two labs, and the figures of the latest run that was finished.",
                {"200": _json("ComparisonState", "As of now.")},
            )
        },
        "/labs/comparisons/{id}/run": one
        | {
            "post": _operation(
                "runComparison",
                "labs",
                "Send the same traffic to both, and count what it did",
                "Answers when both sides have finished, which takes seconds and at most a minute and a half. One "
                "run at a time: 429 with Retry-After.",
                {"200": done},
                security=_OWNER,
            )
        },
        "/labs/comparisons/{id}/delete": one
        | {
            "post": _operation(
                "deleteComparison",
                "labs",
                "Delete both labs",
                "Deletes both stacks. Only their owner can.",
                {"204": {"description": "Both are deleted or being deleted."}},
                security=_OWNER,
            )
        },
    }
