"""cfn-lint over every template. It takes seconds, so its answers are kept under VAR_DIR by content."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.checks import CheckMessage

from catalogue.kept_files import put
from catalogue.patterns.checks import as_message
from catalogue.patterns.content import pattern_folders
from catalogue.patterns.mistakes import ContentError

REGION = "us-east-1"


class Finding(NamedTuple):
    rule: str
    """`E3012`, `W2001`: the first letter is the severity."""
    line: int
    message: str
    source: str
    """The rule's documentation."""


def check_templates(**_: Any) -> list[CheckMessage]:
    """The system check that lints every template of the content; run by `manage.py check` only."""
    return [
        as_message(mistake)
        for folder in pattern_folders(settings.CONTENT_DIR)
        for name in ("template.yaml", "naive.yaml")
        if (folder / name).is_file()
        for mistake in check(folder / name)
    ]


def check(path: Path) -> Iterator[ContentError]:
    """What cfn-lint finds in one template, and rules it is told to ignore without a reason."""
    for finding in findings(path):
        is_error = finding.rule.startswith("E")
        yield ContentError(
            path,
            finding.line,
            f"cfn-lint {finding.rule}: {finding.message.rstrip('.')}.",
            f"See {finding.source}." if finding.source else "Mend the template.",
            id="patterns.E050" if is_error else "patterns.W002",
        )
    yield from _unexplained(path)


def findings(path: Path) -> list[Finding]:
    """cfn-lint's errors and warnings for a template, from the cache where the same text was linted before."""
    text = path.read_bytes()
    key = sha256(f"1 {version('cfn-lint')} {REGION}\n".encode() + text).hexdigest()
    kept: Path = settings.VAR_DIR / "cfn-lint" / f"{key}.json"
    with suppress(OSError, ValueError, TypeError):
        return [Finding(*entry) for entry in json.loads(kept.read_text("utf-8"))]
    found = _lint(path)
    with suppress(OSError):
        put(kept, json.dumps(found).encode())
    return found


def _lint(path: Path) -> list[Finding]:
    # Importing cfn-lint alone takes a second.
    from cfnlint.api import lint_file
    from cfnlint.config import ManualArgs

    return sorted(
        {
            Finding(match.rule.id, match.linenumber, match.message, match.rule.source_url)
            for match in lint_file(path, ManualArgs(regions=[REGION]))
        },
        key=lambda finding: (finding.line, finding.rule),
    )


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
                    "Say why in a comment on this line or the one above.",
                    id="patterns.E051",
                )
