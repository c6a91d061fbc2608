"""What can be wrong with content: every mistake has an id, a place, a sentence and a remedy.

The ids are stable and all of them stand here, so that one can be looked up, tested and silenced
(`SILENCED_SYSTEM_CHECKS`) by name.
"""

from functools import partial
from pathlib import Path
from typing import Any, Final

from django.conf import settings

IDS: Final = {
    "patterns.E001": "a file of the pattern is missing, unreadable, empty or does not belong in the folder",
    "patterns.E002": "a YAML file, or the front matter, cannot be parsed",
    "patterns.E003": "a key or value does not fit the closed schema of its file",
    "patterns.E004": "template.yaml or naive.yaml is not a CloudFormation template",
    "patterns.E005": "the folder's name is not a slug",
    "patterns.E006": "an alias is the slug of a pattern, or the alias of two",
    "patterns.E010": "the sections of pattern.md are not the fixed ones in the fixed order, or one is empty",
    "patterns.E011": "a directive is unknown, missing, repeated or in the wrong section",
    "patterns.E012": "a published pattern's prose is too short or too long",
    "patterns.E013": "a link's target does not exist on this site",
    "patterns.E014": "a related pattern does not exist, is a draft, is the pattern itself or is named twice",
    "patterns.E015": "a price key is not in prices.yaml",
    "patterns.E016": "a code reference does not resolve",
    "patterns.E017": "two patterns have the same title",
    "patterns.E018": "a section that needs sources links none",
    "patterns.E019": "a revision has no date, or a date that does not fit",
    "patterns.E020": "a resource type belongs to no known service",
    "patterns.E021": "a node is not a resource of the template, or an actor has a resource's name",
    "patterns.E022": "the template does not prove an edge of the diagram, or the edge's ends do not fit",
    "patterns.E023": "a resource that moves data is missing from the diagram",
    "patterns.E024": "the flow names an edge that is not drawn, or does not mention one that is",
    "patterns.E025": "two nodes share an id or a place on the grid, or an edge is drawn twice",
    "patterns.E030": "a demo step calls a method and path that the template has no route for",
    "patterns.E031": "a `{{name}}` of the demo is not saved by an earlier step",
    "patterns.E032": "a demo step names a resource that is missing from the template or of another type",
    "patterns.E033": "a demo step's fields do not fit together",
    "patterns.E034": "the template of a pattern with a demo has no Endpoint output",
    "patterns.E035": "a lever's id, operation or trial does not fit the template",
    "patterns.E036": "a `~pattern` of the demo is not valid in RE2",
    "patterns.E037": "a challenge names a step, lever, route or resource that is not there, or cannot be checked",
    "patterns.E038": "a slider sets or sends what the template does not have, or its range does not fit",
    "patterns.E040": "a function's code folder or handler does not exist",
    "patterns.E041": "a folder under functions/ is used by no template",
    "patterns.E042": "a template uses a YAML alias, which some template readers do not support",
    "patterns.E043": "a deployment keeps its logical id although its API has changed",
    "patterns.E044": "an event source polls what the function's role may not read",
    "patterns.E045": "a deployment of an API does not wait for its methods",
    "patterns.E046": "an environment variable of a function is not text",
    "patterns.E048": "a function's requirements.txt names something other than exact versions",
    "patterns.E050": "cfn-lint found a mistake in a template",
    "patterns.E051": "a cfn-lint rule is ignored without a comment that says why",
    "patterns.E060": "prices.yaml does not match its schema",
    "patterns.E070": "compare.yaml exists without naive.yaml or demo.yaml, or naive.yaml without compare.yaml",
    "patterns.E071": "compare.yaml names a route, resource or value that one of the two templates does not have",
    "patterns.E072": "a figure or claim of compare.yaml does not fit",
    "patterns.E075": "a pattern with a demo has no ledger, or two of its rows share an id",
    "patterns.E076": "a row of ledger.yaml names a step or lever that does not exist or that asserts nothing",
    "patterns.E080": "the recorded run is missing, unreadable or out of date",
    "patterns.E090": "a text uses a word that this site does not use",
    "patterns.I001": "cfn-lint is not installed, so no template was linted",
    "patterns.W001": "the published date is in the future by this machine's clock",
    "patterns.W002": "cfn-lint reports a warning in a template",
}


class ContentError(Exception):
    """One mistake in content. `line` counts from 1; `remedy` says what to do, in the imperative."""

    def __init__(self, file: Path, line: int, message: str, remedy: str, *, id: str = "patterns.E003") -> None:
        assert id in IDS, id
        super().__init__(message)
        self.file = file
        self.line = line
        self.message = message
        self.remedy = remedy
        self.id = id

    def __reduce__(self) -> tuple[Any, ...]:
        # An exception pickles its `args`, which here are not what it is made of.
        return partial(ContentError, id=self.id), (self.file, self.line, self.message, self.remedy)

    @property
    def where(self) -> str:
        """`patterns_content/x/pattern.md:12`, relative to the project where the file is inside it."""
        file = self.file
        if file.is_relative_to(settings.BASE_DIR):
            file = file.relative_to(settings.BASE_DIR)
        return f"{file}:{self.line}"

    @property
    def is_warning(self) -> bool:
        return self.id.startswith("patterns.W")

    def __str__(self) -> str:
        return f"{self.where}: {self.message} {self.remedy}"
