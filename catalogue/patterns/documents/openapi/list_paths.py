"""The address of the OpenAPI document that lists patterns."""

from typing import get_args

from catalogue.patterns.content.schemas.pattern import Help
from catalogue.patterns.documents.openapi.paths import Json, _get, _json


def list_paths() -> Json:
    parameters = [
        _filter("level", {"enum": ["100", "200", "300"]}, "Levels, of which a pattern has one."),
        _filter("service", {"type": "string"}, "Keys of services. A pattern must have all that are named."),
        _filter("helps", {"enum": list(get_args(Help))}, "Aims. A pattern must help with all that are named."),
        {
            "name": "page",
            "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": 10_000},
            "description": "Counted from 1. Without `page` and `per_page`, all patterns are on one page.",
        },
        {
            "name": "per_page",
            "in": "query",
            "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
            "description": "The number of patterns on a page.",
        },
    ]
    described = _get(
        "listPatterns",
        "Every pattern",
        "The published patterns, each with its level, services and addresses: all, or those that filters leave.",
        _json("PatternList", "By level, then title."),
    )
    described["get"]["parameters"] = parameters
    return {"/patterns.json": described}


def _filter(name: str, value: Json, description: str) -> Json:
    schema = {"type": "array", "items": value}
    return {"name": name, "in": "query", "schema": schema, "explode": True, "description": description}
