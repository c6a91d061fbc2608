"""cfn-lint over every template, and over what SAM makes of it. Its answers are kept under VAR_DIR by content.

cfn-lint is installed where patterns are written (`make check`), and not where a site only runs.

Rules that look from one resource into another (E3505: a queue's visibility timeout is shorter than its function's
timeout) see no SAM functions, only the Lambda functions that SAM makes of them.
"""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from django.conf import settings
from django.core.checks import CheckMessage, Info

from catalogue.base.kept_files import put
from catalogue.patterns.cloudformation.stack.sam import REGION, NotTranslated, translated
from catalogue.patterns.cloudformation.template import Template, read_template
from catalogue.patterns.content.checks import as_message
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import pattern_folders

SAM = "https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-specification.html"


HOW_TO_INSTALL = "Install the developers' packages: make .venv/dev.stamp"


def available() -> bool:
    """Whether cfn-lint is installed."""
    return find_spec("cfnlint") is not None


class Finding(NamedTuple):
    rule: str
    """`E3012`, `W2001`: the first letter is the severity."""
    line: int
    message: str
    source: str
    """The rule's documentation."""


def check_templates(**_: Any) -> list[CheckMessage]:
    """The system check that lints every template of the content; run by `manage.py check` only.

    Without cfn-lint it reports that no template was linted (`patterns.I001`), which fails no check.
    """
    if not available():
        return [Info("No template was linted: cfn-lint is not installed.", HOW_TO_INSTALL, id="patterns.I001")]
    return [
        as_message(mistake)
        for folder in pattern_folders(settings.CONTENT_DIR)
        for name in ("template.yaml", "naive.yaml")
        if (folder / name).is_file()
        for mistake in check(folder / name)
    ]


def check(path: Path) -> Iterator[ContentError]:
    """What cfn-lint finds in one template, and rules that it ignores without a reason."""
    for finding in findings(path):
        is_error = finding.rule.startswith("E")
        yield ContentError(
            path,
            finding.line,
            f"cfn-lint {finding.rule}: {finding.message.rstrip('.')}.",
            f"See {finding.source}." if finding.source else "Correct the template.",
            id="patterns.E050" if is_error else "patterns.W002",
        )
    yield from _unexplained(path)


def findings(path: Path) -> list[Finding]:
    """cfn-lint's errors and warnings for a template, from the cache where the same text was linted before.

    What it finds only in the translated template is told at the author's own resource and line.
    """
    text = path.read_bytes()
    key = sha256(f"2 {version('aws-sam-translator')} {version('cfn-lint')} {REGION}\n".encode() + text).hexdigest()
    kept: Path = settings.VAR_DIR / "cfn-lint" / f"{key}.json"
    with suppress(OSError, ValueError, TypeError):
        return [Finding(*entry) for entry in json.loads(kept.read_text("utf-8"))]
    found = _lint(path)
    if not any(finding.rule.startswith("E") for finding in found):
        found = sorted([*found, *_lint_translated(path, found)], key=lambda finding: (finding.line, finding.rule))
    if settings.VAR_DIR.is_dir():  # a check makes no folder: that it is missing is a finding of its own
        with suppress(OSError):
            put(kept, json.dumps(found).encode())
    return found


def _lint(path: Path) -> list[Finding]:
    # Importing cfn-lint alone takes a second, and a site that only runs has none.
    from cfnlint.api import lint_file
    from cfnlint.config import ManualArgs

    return sorted(
        {
            Finding(match.rule.id, match.linenumber, match.message, match.rule.source_url)
            for match in lint_file(path, ManualArgs(regions=[REGION]))
        },
        key=lambda finding: (finding.line, finding.rule),
    )


def _lint_translated(path: Path, known: list[Finding]) -> Iterator[Finding]:
    """What is wrong with the template that SAM makes of this one, where there is a transform, and was not found."""
    from cfnlint.api import lint_file
    from cfnlint.config import ManualArgs

    template = read_template(path, path.read_text("utf-8"))
    if "AWS::Serverless" not in str(template.document.value.get("Transform")):
        return
    try:
        made = translated(template.document.value)
    except NotTranslated as error:
        named = next((id for id in template.resources if f"[{id}]" in str(error)), None)
        place = ("Resources", named) if named else ("Resources",)
        yield Finding("E0001", template.line(*place), f"SAM cannot translate the template: {error}", SAM)
        return
    with TemporaryDirectory() as folder:
        file = Path(folder, "translated.json")
        file.write_text(json.dumps(made, default=str), "utf-8")
        matches = lint_file(file, ManualArgs(regions=[REGION]))
    told = {(finding.rule, finding.message) for finding in known}
    for match in matches:
        if (match.rule.id, match.message) not in told:
            told.add((match.rule.id, match.message))
            line = template.line(*_author_place(template, list(match.path or [])))
            yield Finding(match.rule.id, line, match.message, match.rule.source_url)


def _author_place(template: Template, place: list[Any]) -> list[str | int]:
    """Where the author wrote what a path of the translated template leads to.

    What SAM makes of a resource has a logical id that begins with that resource's: WorkerRole, WorkerBatch.
    """
    if len(place) < 2 or place[0] != "Resources":
        return place
    made, *rest = place[1:]
    if made in template.resources:
        return ["Resources", made, *rest]
    owners = [id for id in template.resources if str(made).startswith(id)]
    return ["Resources", max(owners, key=len)] if owners else ["Resources"]


def _unexplained(path: Path) -> Iterator[ContentError]:
    lines = path.read_text("utf-8").splitlines()
    for number, line in enumerate(lines, 1):
        if re.match(r"\s*ignore_checks\s*:", line):
            above = lines[number - 2] if number > 1 else ""
            if "#" not in line and not above.lstrip().startswith("#"):
                yield ContentError(
                    path,
                    number,
                    "A cfn-lint rule is ignored without a reason.",
                    "Give the reason in a comment on this line or the line above.",
                    id="patterns.E051",
                )
