"""`manage.py arrows template.yaml`: what flows from where to where in any template, proven from the template."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalogue.patterns.cloudformation.arrows.prover import Proven, proven
from catalogue.patterns.cloudformation.stack.sam import NotTranslated
from catalogue.patterns.cloudformation.template import read_template
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.services.registry import registry


class Command(BaseCommand):
    help = "Print the arrows that a CloudFormation or SAM template proves, and what was looked for but not proven."
    # It reads one file, which need not belong to the catalogue.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("template", type=Path)
        parser.add_argument(
            "--json", action="store_true", help="print the arrows as a JSON list; the rest goes to standard error"
        )
        parser.add_argument("--report", action="store_true", help="print everything as one JSON object")

    def handle(self, *args: Any, template: Path, **options: Any) -> None:
        try:
            document = read_template(template, template.read_text("utf-8"), lenient=True).document
            found = proven(document, registry())
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{template}: {error}") from error
        except ContentError as error:
            raise CommandError(f"{error.where}: {error.message}") from error
        except NotTranslated as error:
            raise CommandError(f"{template}: SAM refuses the template. {error}") from error
        if options["report"]:
            self.stdout.write(json.dumps(_report(found), indent=2))
        elif options["json"]:
            self.stdout.write(json.dumps(_arrows(found), indent=2))
            self.stderr.write("\n".join(_rest(found)))
        else:
            self.stdout.write("\n".join([*_lines(found), *_rest(found)]))


def _arrows(found: Proven) -> list[dict[str, Any]]:
    return [
        {
            "from": arrow.source,
            "to": arrow.target,
            "kind": arrow.kind,
            "waits": arrow.waits,
            "proven_by": arrow.proof,
        }
        for arrow in found.arrows
    ]


def _report(found: Proven) -> dict[str, Any]:
    missing = [asdict(one) for one in found.not_proven]
    return {
        "arrows": _arrows(found),
        "not_proven": [
            {"from": one.pop("source"), "to": one.pop("target"), "looked_at": one.pop("proof"), **one}
            for one in missing
        ],
        "unknown_types": list(found.unknown_types),
        "unread_files": list(found.unread),
    }


def _lines(found: Proven) -> list[str]:
    if not found.arrows:
        return ["No arrow is proven."]
    return [
        f"{arrow.source} -> {arrow.target}  {arrow.kind}, {'waits' if arrow.waits else 'does not wait'}; "
        f"proven by {arrow.proof}{_line(found, arrow.proof)}"
        for arrow in found.arrows
    ]


def _rest(found: Proven) -> list[str]:
    return [
        *(
            f"Not proven: {one.source} -> {one.target}  {one.kind}, {one.proof}{_line(found, one.proof)}: {one.reason}"
            for one in found.not_proven
        ),
        *([f"Unknown types: {', '.join(found.unknown_types)}"] if found.unknown_types else []),
        *([f"Not read: {', '.join(found.unread)}"] if found.unread else []),
    ]


def _line(found: Proven, id: str) -> str:
    return f" (line {found.lines[id]})" if id in found.lines else ""
