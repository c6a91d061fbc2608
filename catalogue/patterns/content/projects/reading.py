"""Reads a template, with the folder that it is in, as a pattern. Nothing in the folder is run."""

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from catalogue.patterns.cloudformation.arrows.proofs import proofs
from catalogue.patterns.cloudformation.stack.parameters import parameter_values
from catalogue.patterns.cloudformation.template import Template, read_template
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.parsing.validation import validate
from catalogue.patterns.content.parsing.yaml_lines import Document, read_yaml
from catalogue.patterns.content.pattern import LANGUAGES, Pattern, SourceFile
from catalogue.patterns.content.projects.demo import derived_demo
from catalogue.patterns.content.projects.drawing import draw
from catalogue.patterns.content.schemas.pattern import Demo, FrontMatter
from catalogue.patterns.services.known import services

MOST_BYTES = 1_000_000
"""Of a template: https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html"""
DEMO = "demo.yaml"
"""The author's own steps and levers, beside the template, in the form that patterns have (CONTRIBUTING.md)."""
_MOST_FILES, _MOST_FILE_BYTES = 200, 200_000
PASSED_OVER = {"node_modules", "__pycache__", "cdk.out", "venv", "target", "dist", "build"}
"""Folders with packages and built things."""


class NotReadable(Exception):
    """The template cannot be read; the message says why, with file and line."""


def read_project(path: Path, parameters: Mapping[str, str] | None = None) -> Pattern:
    """The template as a pattern of its own: drawn from its proofs, with a demo from its routes.

    Raises NotReadable. A template that SAM refuses is read without arrows: see `proofs(pattern.template).refused`.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            raise NotReadable(f"{path} has more than {MOST_BYTES:,} bytes, the most that CloudFormation takes.")
        text = path.read_bytes().decode("utf-8-sig")
        template = with_parameters(read_template(path, text, lenient=True), parameters or {})
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadable(f"{path} cannot be read: {error}.") from None
    except ContentError as error:
        raise NotReadable(f"{path}:{error.line}: {error.message}") from None
    if not template.resources:
        raise NotReadable(f"{path} has no resources.")
    documents: dict[str, Document] = {}
    own = _demo(path.parent / DEMO, documents)
    files = tuple(source_files(path.parent, path, text))
    return pattern_of(template, files, _hash(files, parameters or {}), own, documents)


def pattern_of(
    template: Template,
    files: tuple[SourceFile, ...],
    digest: str,
    demo: Demo | None = None,
    documents: Mapping[str, Document] | None = None,
) -> Pattern:
    """A template that has been read as a pattern. Without a demo of its author's, it gets one from its routes."""
    found = proofs(template)
    slug = slug_of(template.path.parent.name)
    return Pattern(
        slug=slug,
        folder=template.path.parent,
        front=_front(slug, template),
        body="",
        body_line=1,
        diagram=draw(template, found),
        demo=demo or derived_demo(template, found),
        compare=None,
        challenges=None,
        sliders=None,
        ledger=None,
        template=template,
        naive=None,
        files=files,
        tests=(),
        services=services().used_by(template.resources.values()),
        content_hash=digest,
        run_hash=digest,
        documents=documents or {},
        standalone=True,
    )


def _demo(file: Path, documents: dict[str, Document]) -> Demo | None:
    """The author's own steps and levers, if there are some."""
    if not file.is_file():
        return None
    try:
        documents[DEMO] = document = read_yaml(file, file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise NotReadable(f"{file} cannot be read: {error}.") from None
    except ContentError as error:
        raise NotReadable(f"{file}:{error.line}: {error.message}") from None
    demo, mistakes = validate(Demo, document)
    if mistakes:
        raise NotReadable(f"{file}:{mistakes[0].line}: {mistakes[0].message} {mistakes[0].remedy}")
    return demo


def with_parameters(template: Template, given: Mapping[str, str]) -> Template:
    """The template with these values as defaults of its parameters; names that it does not have count for nothing."""
    parameters = template.document.value.get("Parameters")
    if not isinstance(parameters, Mapping) or not parameters.keys() & given.keys():
        return template
    changed = {
        name: {**body, "Default": given[name]} if name in given and isinstance(body, Mapping) else body
        for name, body in parameters.items()
    }
    document = replace(template.document, value={**template.document.value, "Parameters": changed})
    return replace(template, document=document, parameters=changed)


def missing_parameters(template: Template) -> dict[str, Any]:
    """Parameters that someone has to give a value, with the value that stands in for it here."""
    values = parameter_values(template.document.value)
    return {
        name: values[name]
        for name, body in template.parameters.items()
        if not (isinstance(body, Mapping) and "Default" in body)
    }


def slug_of(name: str) -> str:
    """A folder's name as a slug: `My_App` is `my-app`."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:60].strip("-") or "project"


def source_files(folder: Path, template: Path, text: str) -> Iterable[SourceFile]:
    """The template and the text files around it that a page may show, in the order of their paths."""
    yield SourceFile(template.name, text, LANGUAGES.get(template.suffix, "yaml"))
    waiting, count = [folder], 0
    while waiting and count < _MOST_FILES:
        for entry in sorted(waiting.pop(0).iterdir()):
            if entry.is_symlink() or entry.name.startswith(".") or entry == template or count >= _MOST_FILES:
                continue
            if entry.is_dir():
                if entry.name not in PASSED_OVER:
                    waiting.append(entry)
            elif entry.suffix in LANGUAGES and entry.stat().st_size <= _MOST_FILE_BYTES:
                try:
                    found = entry.read_text("utf-8")
                except (OSError, UnicodeDecodeError):
                    continue
                count += 1
                yield SourceFile(entry.relative_to(folder).as_posix(), found, LANGUAGES[entry.suffix])


def _front(slug: str, template: Template) -> FrontMatter:
    said = template.document.value.get("Description")
    summary = " ".join(said.split()) if isinstance(said, str) else "A stack of your own, drawn from its template."
    return FrontMatter.model_construct(
        title=" ".join(word.capitalize() for word in slug.split("-")),
        level=100,
        summary=summary[:160],
        question=summary,
        answer="",
        helps_with=(),
        published=date(1970, 1, 1),
        change="",
        prices=(),
    )


def _hash(files: Iterable[SourceFile], parameters: Mapping[str, str]) -> str:
    digest = hashlib.sha256(repr(sorted(parameters.items())).encode())
    for file in files:
        digest.update(repr((file.path, file.text)).encode())
    return digest.hexdigest()
