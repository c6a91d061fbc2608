"""Addresses of the OpenAPI document that are about a lab's boards, resources and results."""

from catalogue.patterns.documents.openapi.paths import _LAB, _OWNER, Json, _json, _operation, _slow, ref


def board_paths() -> Json:
    lab = {"parameters": [_LAB]}
    challenge = {"name": "challenge_id", "in": "path", "required": True, "schema": {"type": "string"}}
    slider = {"name": "slider_id", "in": "path", "required": True, "schema": {"type": "string"}}
    resource = {"name": "resource", "in": "path", "required": True, "schema": {"type": "string"}}
    return {
        "/labs/{id}/inside/{resource}": {"parameters": [_LAB, resource]}
        | {
            "get": _operation(
                "lookInside",
                "labs",
                "What is in one resource of the lab",
                "A queue's messages (read without receiving them), a table's items, a bucket's objects, an API's "
                "routes, a topic's subscriptions, or a function's log and permissions. `resource` is a logical ID.",
                {"200": _json("LabInside", "At this moment. Nothing changes by it.")},
            )
        },
        "/labs/{id}/events.json": lab
        | {
            "get": _operation(
                "readEvents",
                "labs",
                "What has happened in the lab so far",
                "The events of the stream, read at once. Ask again while `expects_more` is true.",
                {"200": _json("LabHappened", "At this moment. Nothing changes by it.")},
            )
        },
        "/labs/{id}/steps": lab
        | {
            "get": _operation(
                "listSteps",
                "labs",
                "What the lab's steps gave",
                "The last result of each step that its owner has taken, so that another tab can show it again.",
                {"200": _json("TakenSteps", "In the order in which they were taken.")},
                security=_OWNER,
            )
        },
        "/labs/{id}/challenges": lab
        | {
            "get": _operation(
                "listChallenges",
                "labs",
                "The lab's challenges",
                "Tasks that are checked by the stack's own counts, and what the last check found.",
                {"200": _json("Challenges", "In the pattern's order.")},
            )
        },
        "/labs/{id}/challenges/{challenge_id}": {"parameters": [_LAB, challenge]}
        | {
            "post": _operation(
                "tryChallenge",
                "labs",
                "Check a challenge, or begin it again",
                "Answers, runs and log lines count from the last beginning. What was won stays won.",
                {"200": _slow("Challenge", "Its current state.")},
                requestBody=_body("TryChallenge"),
                security=_OWNER,
            )
        },
        "/labs/{id}/sliders": lab
        | {
            "get": _operation(
                "listSliders",
                "labs",
                "The lab's sliders",
                "Settings of the stack and amounts of traffic, each with its range. A naive twin has none.",
                {"200": _json("Sliders", "In the pattern's order.")},
            )
        },
        "/labs/{id}/sliders/{slider_id}": {"parameters": [_LAB, slider]}
        | {
            "post": _operation(
                "moveSlider",
                "labs",
                "Set a setting of the stack, or send an amount of traffic",
                "A setting changes by one AWS operation, whose command for the AWS CLI is in the answer.",
                {"200": _slow("MovedSlider", "What was set or answered.")},
                requestBody=_body("MoveSlider"),
                security=_OWNER,
            )
        },
    }


def _body(model: str) -> Json:
    """What a call must bring, as JSON or as a form."""
    form = {"schema": ref(model)}
    return {"required": True, "content": {"application/json": form, "application/x-www-form-urlencoded": form}}
