"""How far `serverless-patterns open` comes with a folder of other people's projects, as a table by cause.

    python -m tests.patterns.content.projects.public_templates FOLDER [--list FILE] [--json FILE]

Each folder in FOLDER with a template is read, proven and drawn. Nothing is deployed or run. `--list` is a file with one
folder's name a line: only those count. The exit code is 1 if one crashes or takes longer than a minute.
"""

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from catalogue.management.terminal.site import own_site
from catalogue.patterns.content.projects.finding import NoTemplate, find_template

MOST_SECONDS = 60.0


@dataclass(frozen=True)
class Row:
    project: str
    cause: str
    """`drawn`, `drawn, in part not emulated`, or why it was not."""
    seconds: float
    proven: int = 0
    not_emulated: int = 0
    not_proven: int = 0
    detail: str = ""

    @property
    def is_bad(self) -> bool:
        return self.cause == "crashed" or self.seconds > MOST_SECONDS


def projects(folder: Path) -> Iterator[tuple[str, Path]]:
    """Name and template of each project, by name."""
    for entry in sorted(folder.iterdir()):
        if entry.is_dir():
            try:
                yield entry.name, find_template(entry)
            except NoTemplate:
                continue


def opened(name: str, template: Path) -> Row:
    """What becomes of one project."""
    # They need Django, which is set up only now.
    from catalogue.labs.targets.verdict import verdict
    from catalogue.patterns.content.projects.reading import NotReadable, read_project
    from catalogue.patterns.diagrams.svg import render_diagram

    began = time.monotonic()
    try:
        pattern = read_project(template)
        found = verdict(pattern)
        render_diagram(pattern, found.not_emulated)
    except NotReadable as error:
        return Row(name, "not readable", time.monotonic() - began, detail=str(error))
    except Exception as error:
        return Row(name, "crashed", time.monotonic() - began, detail=repr(error))
    counts = Counter(arrow.status for arrow in found.arrows)
    missing = bool(counts["not emulated"] or found.left_out or found.not_run)
    cause = "refused by SAM" if found.refused else "drawn, in part not emulated" if missing else "drawn"
    return Row(
        name,
        cause,
        time.monotonic() - began,
        counts["proven"],
        counts["not emulated"],
        counts["not proven"],
        found.refused or " ".join(found.lines()),
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--list", type=Path, help="a file with the names that count")
    parser.add_argument("--json", type=Path, help="where to write a row for each project")
    options = parser.parse_args()
    chosen = set(options.list.read_text().split()) if options.list else None
    with own_site():
        rows = [opened(*one) for one in projects(options.folder) if chosen is None or one[0] in chosen]
    for cause, count in Counter(row.cause for row in rows).most_common():
        of_these = [row for row in rows if row.cause == cause]
        arrows = f"{sum(row.proven for row in of_these):5} {sum(row.not_emulated for row in of_these):12}"
        print(f"{count:5}  {cause:30} {arrows} {max(row.seconds for row in of_these):9.2f} s")
    print(f"{len(rows):5}  projects. Columns: how many, cause, proven arrows, not emulated arrows, the longest time")
    if options.json:
        options.json.write_text(json.dumps([asdict(row) for row in rows], indent=2))
    bad = [row for row in rows if row.is_bad]
    for row in bad:
        print(f"{row.project}: {row.cause} after {row.seconds:.1f} s. {row.detail}", file=sys.stderr)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
