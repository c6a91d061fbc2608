"""A pasted template as data: its arrows, what the embedded AWS does not run, its lint, its prices, its picture."""

from pathlib import Path
from typing import NamedTuple

from catalogue.labs.pasting.linting import lint_of
from catalogue.labs.pasting.prices import prices_of
from catalogue.labs.pasting.refusals import Unacceptable, require_plain_template
from catalogue.labs.targets.verdict import Verdict, verdict
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.template import read_template
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.projects.reading import missing_parameters, pattern_of
from catalogue.patterns.diagrams.svg import render_diagram, render_diagram_file
from catalogue.patterns.documents.openapi.drawn_documents import DrawnArrow, DrawnTemplate, NotEmulated

NAME = "template.yaml"
_FOLDER = "your-template"
"""Its name is the picture's title."""


class Drawn(NamedTuple):
    document: DrawnTemplate
    picture: str
    """The diagram for a page, as HTML."""


def drawn(text: str, own: Path) -> Drawn:
    """Of a text that `require_plain_text` accepts. `own` is an empty folder, for the file that cfn-lint reads.

    Raises Unacceptable.
    """
    folder = own / _FOLDER
    folder.mkdir()
    try:
        template = read_template(folder / NAME, text, lenient=True)
    except ContentError as error:
        raise Unacceptable(f"{error.message} {error.remedy}", error.line) from None
    if not template.resources:
        raise Unacceptable("The template has no resources.")
    require_plain_template(template.document.value)
    pattern = pattern_of(template, (), "")
    found = verdict(pattern, alone=True)
    return Drawn(
        DrawnTemplate(
            resources=len(template.resources),
            arrows=[
                DrawnArrow(source=one.source, target=one.target, kind=one.kind, status=one.status, reason=one.reason)
                for one in found.arrows
            ],
            not_emulated=_not_emulated(found),
            refused=found.refused,
            parameters={name: text_of(value) for name, value in missing_parameters(template).items()},
            lint=lint_of(template, own),
            costs=prices_of(template),
            diagram=render_diagram_file(pattern, found.not_emulated, linked=False),
        ),
        render_diagram(pattern, found.not_emulated, linked=False),
    )


def _not_emulated(found: Verdict) -> list[NotEmulated]:
    left_out = [
        NotEmulated(resources=ids, type=type, reason=f"The embedded AWS does not create {type}.")
        for type, ids in found.left_out.items()
    ]
    return [*left_out, *(NotEmulated(resources=[id], type="", reason=reason) for id, reason in found.not_run.items())]


def warm() -> None:
    """Import and read what drawing needs: afterwards this process opens no file of its own."""
    from samtranslator.translator import translator  # half a second

    del translator
