"""JSON Schema of every file that an author of a pattern writes, from the models that check it, for editors.

https://json-schema.org/draft/2020-12
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from catalogue.patterns.content.schemas.challenges import Challenges
from catalogue.patterns.content.schemas.comparison import Comparison
from catalogue.patterns.content.schemas.ledger import Ledger
from catalogue.patterns.content.schemas.pattern import Demo, Diagram, FrontMatter
from catalogue.patterns.content.schemas.sliders import Sliders

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@dataclass(frozen=True)
class AuthorFile:
    file: str
    """Its name in a pattern's folder."""
    model: type[BaseModel]
    what: str
    """What an author writes into it, for a list."""


FILES: Mapping[str, AuthorFile] = {
    "pattern": AuthorFile("pattern.md", FrontMatter, "the front matter: title, level, question, answer, relations"),
    "demo": AuthorFile("demo.yaml", Demo, "the steps and the levers, each with what must be seen"),
    "diagram": AuthorFile("diagram.yaml", Diagram, "the boxes and the arrows"),
    "compare": AuthorFile("compare.yaml", Comparison, "the traffic for the pattern and its naive design"),
    "ledger": AuthorFile("ledger.yaml", Ledger, "the differences between the embedded AWS and AWS"),
    "challenges": AuthorFile("challenges.yaml", Challenges, "tasks for visitors"),
    "sliders": AuthorFile("sliders.yaml", Sliders, "settings and traffic that a visitor chooses"),
}
"""By the name in the schema's address."""


def schema_url(name: str, site_url: str) -> str:
    """The schema's address, which is its `$id`. `site_url` has no trailing slash."""
    return f"{site_url}/schemas/{name}.json"


def schema_text(name: str, site_url: str) -> str:
    """The schema as JSON. What only a check across fields or files can find, `manage.py check` reports."""
    one = FILES[name]
    schema = one.model.model_json_schema()
    head = {
        "$schema": DIALECT,
        "$id": schema_url(name, site_url),
        "title": one.file,
        "description": f"{one.file}: {one.what}.",
    }
    return json.dumps(schema | head, ensure_ascii=False, indent=2) + "\n"
