"""The address that draws a pasted template, for /openapi.json."""

from catalogue.patterns.documents.openapi.paths import Json, _json, _operation, ref


def drawn_paths() -> Json:
    asked = {"schema": ref("PastedTemplate")}
    content = {
        "application/json": asked,
        "multipart/form-data": asked,
        "application/yaml": {"schema": {"type": "string"}},
    }
    return {
        "/draw/": {
            "post": _operation(
                "drawTemplate",
                "patterns",
                "Your own template, drawn",
                "The arrows that a SAM or CloudFormation template proves, what the embedded AWS does not run of it, "
                "its lint, the prices that apply, and its diagram. Nothing is deployed, and nothing is kept.",
                {"200": _json("DrawnTemplate", "What the template proves.")},
                requestBody={"required": True, "content": content},
            )
        }
    }
