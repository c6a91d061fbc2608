"""The recorded run of a pattern: patterns_content/<slug>/recorded.json, written by `manage.py record_run`.

The file is the run document as it is, one action, event and use a line, without what is empty. Trace ids are numbered
again, so that nothing of the day's traffic is in it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.runs.document import Event, Run

if TYPE_CHECKING:  # a pattern has a recorded run
    from catalogue.patterns.content.pattern import Pattern

RECORDED = "recorded.json"
"""The recorded run: made from the other files, so it is not among those that readers see and counts in no hash."""


def recorded_run(pattern: Pattern) -> Run | None:
    """The recorded run of this very content; None if there is none, or only one of other content."""
    return pattern.recorded


def read_recorded(pattern: Pattern) -> Run:
    """The run in the pattern's file, of whatever content it was made. Raises ContentError (patterns.E080)."""
    path = pattern.folder / RECORDED
    remedy = f"Record it: manage.py record_run {pattern.slug}."
    try:
        return Run.model_validate(json.loads(path.read_bytes()))
    except FileNotFoundError:
        raise ContentError(path, 1, "The pattern has no recorded run.", remedy, id="patterns.E080") from None
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"The recorded run cannot be read: {where}: {first['msg']}."
        raise ContentError(path, 1, message, remedy, id="patterns.E080") from None
    except (OSError, ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        message = f"The recorded run cannot be read: {error}."
        raise ContentError(path, line, message, remedy, id="patterns.E080") from None


def recorded_text(run: Run) -> str:
    """The run as it stands in the file: the same text for the same run, and reading it gives the same run."""
    members = {"version": run.version, **run.model_dump(mode="json", exclude_defaults=True)}
    # What tells events apart is a default of each kind.
    members["events"] = [{"kind": event.kind} | _told(event) for event in run.events]
    lines = []
    for name, value in members.items():
        if isinstance(value, list) and value:
            entries = ",\n".join(f"    {_compact(entry)}" for entry in value)
            lines.append(f"  {json.dumps(name)}: [\n{entries}\n  ]")
        else:
            lines.append(f"  {json.dumps(name)}: {_compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _told(event: Event) -> dict[str, Any]:
    return event.model_dump(mode="json", exclude_defaults=True)


def _compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
