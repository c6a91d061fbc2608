"""cfn-lint over a pasted template, without anything by which a template configures cfn-lint.

A template's own Metadata can silence cfn-lint, and its reader of that part (`cfnlint.config.TemplateArgs`) also takes
rules, which are Python, and other files by path; 1.58.0 acts on them only with a setting that this site does not use.
So cfn-lint gets the template as this site has parsed it, as JSON and without that part. What it finds is reported at
the author's line.
"""

import json
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from catalogue.patterns.cloudformation.stack.sam import REGION
from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.documents.openapi.drawn_documents import Lint, LintFinding

MOST_FINDINGS = 200
_OWN = "cfn-lint"


def load() -> None:
    """Import cfn-lint and read its rules, while that is still possible."""
    if find_spec("cfnlint") is not None:
        from cfnlint.api import lint  # a second, for which the process is not shut in yet

        lint('{"Resources": {"Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"}}}', regions=[REGION])


def lint_of(template: Template, folder: Path) -> Lint:
    """Writes a file to the folder. Its first findings, by line, without more than MOST_FINDINGS."""
    if find_spec("cfnlint") is None:
        return Lint(available=False, findings=[])
    from cfnlint.api import lint_file  # see `load`
    from cfnlint.config import ManualArgs

    file = folder / "template.json"
    file.write_text(json.dumps(_without_configuration(template.document.value), default=str), "utf-8")
    found = {
        (match.rule.id, _line(template, list(match.path or [])), match.message, match.rule.source_url or "")
        for match in lint_file(file, ManualArgs(regions=[REGION]))
    }
    ordered = sorted(found, key=lambda finding: (finding[1], finding[0], finding[2]))[:MOST_FINDINGS]
    return Lint(
        available=True,
        findings=[
            LintFinding(rule=rule, line=line, message=message, source=source) for rule, line, message, source in ordered
        ],
    )


def _line(template: Template, place: list[Any]) -> int:
    return template.line(*(part for part in place if isinstance(part, (str, int))))


def _without_configuration(document: Mapping[str, Any]) -> dict[str, Any]:
    """The template without cfn-lint's part of any Metadata."""
    return dict(_cleaned(document))


def _cleaned(value: Mapping[str, Any], depth: int = 0) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if name == "Metadata":
            if isinstance(inner, Mapping):
                yield name, {key: one for key, one in inner.items() if key != _OWN}
        elif name == "Resources" and not depth and isinstance(inner, Mapping):
            yield (
                name,
                {id: dict(_cleaned(body, 1)) if isinstance(body, Mapping) else body for id, body in inner.items()},
            )
        else:
            yield name, inner
