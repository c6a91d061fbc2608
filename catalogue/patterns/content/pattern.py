"""A pattern's folder read into an immutable value, or what is wrong with it. `library` has the patterns of the site."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from catalogue.patterns.cloudformation.template import Template, read_template
from catalogue.patterns.content.parsing.frontmatter import split
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.parsing.validation import validate
from catalogue.patterns.content.parsing.yaml_lines import Document, read_yaml
from catalogue.patterns.content.schemas.challenges import Challenges
from catalogue.patterns.content.schemas.comparison import Comparison
from catalogue.patterns.content.schemas.ledger import Ledger
from catalogue.patterns.content.schemas.pattern import Closed, Demo, Diagram, FrontMatter
from catalogue.patterns.content.schemas.sliders import Sliders
from catalogue.patterns.documents.prose import body as prose
from catalogue.patterns.runs.document import Run
from catalogue.patterns.runs.recorded import RECORDED, read_recorded
from catalogue.patterns.services.api_gateway import deployments
from catalogue.patterns.services.known import Service, services

__all__ = ["ContentError", "Pattern", "SourceFile", "UnknownPattern", "load_pattern"]

SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FUNCTIONS = "functions/"
TESTS = re.compile(r"tests/test_[a-z0-9_]+\.py")
"""Tests of the handlers: in the download, and not among the files that pages show."""
LANGUAGES = {
    ".py": "python",
    ".yaml": "yaml",
    ".md": "markdown",
    ".json": "json",
    ".vtl": "velocity",
    ".asl": "json",
}
_TOP_LEVEL = {
    "pattern.md",
    "template.yaml",
    "naive.yaml",
    "diagram.yaml",
    "demo.yaml",
    "compare.yaml",
    "challenges.yaml",
    "sliders.yaml",
    "ledger.yaml",
    RECORDED,
}
_REQUIRED = ("pattern.md", "template.yaml", "diagram.yaml")
_PASSED_OVER = re.compile(r"^(\..*|__pycache__|.*\.pyc|.*~|.*\.egg-info)$")


class UnknownPattern(LookupError):
    """No published pattern has this slug."""


@dataclass(frozen=True)
class SourceFile:
    path: str
    """Relative to the pattern's folder, with forward slashes: `functions/web/app.py`."""
    text: str
    language: str
    """Name of the Pygments lexer."""

    @property
    def lines(self) -> list[str]:
        return self.text.splitlines()

    @cached_property
    def line_count(self) -> int:
        return len(self.lines)


@dataclass(frozen=True)
class Pattern:
    slug: str
    folder: Path
    front: FrontMatter
    body: str
    """The Markdown after the front matter."""
    body_line: int
    """Line of pattern.md where the body starts, counted from 1."""
    diagram: Diagram
    demo: Demo | None
    compare: Comparison | None
    challenges: Challenges | None
    sliders: Sliders | None
    ledger: Ledger | None
    template: Template
    naive: Template | None
    files: tuple[SourceFile, ...]
    """Every file of the folder that pages may show, by path."""
    tests: tuple[SourceFile, ...]
    """The tests of its handlers, by path."""
    services: tuple[Service, ...]
    """In the order in which the template first uses them."""
    content_hash: str
    """SHA-256 of all files, hexadecimal."""
    run_hash: str
    """SHA-256 of what a lab is made of and of what its demo's steps do and claim; prose and levers count in it not."""
    documents: Mapping[str, Document] = field(repr=False, compare=False)
    """pattern.md's front matter and the described YAML files as parsed, to find lines by location."""
    standalone: bool = False
    """Whether it is a template on its own (`projects`), which no one wrote for the catalogue."""

    @property
    def title(self) -> str:
        return self.front.title

    @property
    def level(self) -> int:
        return self.front.level

    @property
    def url(self) -> str:
        return f"/patterns/{self.slug}/"

    @cached_property
    def words(self) -> int:
        """Words of prose in the body: code, directives and link targets are not counted."""
        return prose.count_words(self.body)

    @cached_property
    def recorded(self) -> Run | None:
        """The recorded run, for as long as this value is kept; None if there is none of this content."""
        try:
            run = read_recorded(self)
        except ContentError:
            return None
        return run if run.run_hash == self.run_hash else None

    @property
    def runnable(self) -> bool:
        """Whether a visitor can run it: whether it has steps to take."""
        return self.demo is not None

    @cached_property
    def _files_by_path(self) -> Mapping[str, SourceFile]:
        return {file.path: file for file in self.files}

    def file(self, path: str) -> SourceFile:
        """Raises KeyError for anything that is not exactly one of the pattern's files."""
        return self._files_by_path[path]

    def line(self, file: str, *location: str | int) -> int:
        """Line of a part of pattern.md's front matter or of a YAML file that a schema describes."""
        return self.documents[file].line(*location)


def pattern_folders(content: Path) -> list[Path]:
    """The folders that are patterns: all but hidden ones and caches."""
    if not content.is_dir():
        return []
    return sorted(folder for folder in content.iterdir() if folder.is_dir() and not _PASSED_OVER.match(folder.name))


def load_pattern(folder: Path) -> Pattern:
    """Read one pattern's folder. Raises ContentError with the first of its mistakes."""
    pattern, errors = read_pattern(folder)
    if pattern is None:
        raise errors[0]
    return pattern


def read_pattern(folder: Path) -> tuple[Pattern | None, list[ContentError]]:
    """The pattern in this folder, or None with all mistakes that keep it from being read."""
    reader = _Reader(folder)
    return reader.read(), reader.errors


class _Reader:
    """Reads the files of one folder and gathers what is wrong with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.errors: list[ContentError] = []
        self.documents: dict[str, Document] = {}

    def read(self) -> Pattern | None:
        if not SLUG.fullmatch(self.folder.name):
            self._wrong(
                self.folder,
                f"The folder's name `{self.folder.name}` is not a slug.",
                "Rename it to lower-case words joined by hyphens: it becomes the address.",
                "patterns.E005",
            )
        files = {file.path: file for file in self._source_files()}
        for name in _REQUIRED:
            if name not in files and not (self.folder / name).exists():
                self._wrong(self.folder / name, f"The pattern has no {name}.", "Add the file.", "patterns.E001")
        front, body, body_line = self._front_matter(files.get("pattern.md"))
        diagram = self._described(Diagram, files.get("diagram.yaml"))
        demo = self._described(Demo, files.get("demo.yaml"))
        compare = self._described(Comparison, files.get("compare.yaml"))
        challenges = self._described(Challenges, files.get("challenges.yaml"))
        sliders = self._described(Sliders, files.get("sliders.yaml"))
        ledger = self._described(Ledger, files.get("ledger.yaml"))
        template = self._template(files.get("template.yaml"))
        naive = self._template(files.get("naive.yaml"))
        if self.errors or front is None or diagram is None or template is None:
            return None
        return Pattern(
            slug=self.folder.name,
            folder=self.folder,
            front=front,
            body=body,
            body_line=body_line,
            diagram=diagram,
            demo=demo,
            compare=compare,
            challenges=challenges,
            sliders=sliders,
            ledger=ledger,
            template=template,
            naive=naive,
            files=tuple(files[path] for path in sorted(files) if not TESTS.fullmatch(path)),
            tests=tuple(files[path] for path in sorted(files) if TESTS.fullmatch(path)),
            services=services().used_by(template.resources.values()),
            content_hash=_content_hash(files),
            run_hash=_run_hash(files, template, demo),
            documents=self.documents,
        )

    def _wrong(self, file: Path, message: str, remedy: str, id: str, line: int = 1) -> None:
        self.errors.append(ContentError(file, line, message, remedy, id=id))

    def _source_files(self) -> list[SourceFile]:
        found = []
        for path in sorted(self.folder.rglob("*")):
            relative = path.relative_to(self.folder)
            if any(_PASSED_OVER.match(part) for part in relative.parts):
                continue
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                self._wrong(path, f"{relative} is not a plain file.", "Put the file itself here.", "patterns.E001")
            elif path.is_file() and relative.as_posix() != RECORDED:
                file = self._source_file(path, relative.as_posix())
                if file is not None:
                    found.append(file)
        return found

    def _source_file(self, path: Path, relative: str) -> SourceFile | None:
        known = relative in _TOP_LEVEL or re.match(r"functions/[^/]+/.", relative) or TESTS.fullmatch(relative)
        if not known:
            self._wrong(
                path,
                f"{relative} does not belong in a pattern's folder.",
                f"Move or delete it: a pattern has {', '.join(sorted(_TOP_LEVEL))}, functions/<name>/ and "
                "tests/test_<name>.py.",
                "patterns.E001",
            )
        try:
            text = path.read_bytes().decode("utf-8")
        except (OSError, UnicodeDecodeError) as error:
            self._wrong(path, f"The file cannot be read: {error}.", "Save it as UTF-8 text.", "patterns.E001")
            return None
        if "\r" in text:
            line = text.count("\n", 0, text.index("\r")) + 1
            self._wrong(path, "The file has carriage returns.", "Save it with LF line ends.", "patterns.E001", line)
        return SourceFile(relative, text, LANGUAGES.get(path.suffix, "text"))

    def _document(self, file: SourceFile, text: str, *, offset: int = 0) -> Document | None:
        try:
            document = read_yaml(self.folder / file.path, text, offset=offset)
        except ContentError as error:
            self.errors.append(error)
            return None
        self.documents[file.path] = document
        return document

    def _front_matter(self, file: SourceFile | None) -> tuple[FrontMatter | None, str, int]:
        if file is None:
            return None, "", 1
        try:
            parts = split(self.folder / file.path, file.text)
        except ContentError as error:
            self.errors.append(error)
            return None, "", 1
        document = self._document(file, parts.front, offset=1)
        return self._validated(FrontMatter, document), parts.body, parts.body_line

    def _described[M: Closed](self, model: type[M], file: SourceFile | None) -> M | None:
        return None if file is None else self._validated(model, self._document(file, file.text))

    def _validated[M: Closed](self, model: type[M], document: Document | None) -> M | None:
        if document is None:
            return None
        value, errors = validate(model, document)
        self.errors.extend(errors)
        return value

    def _template(self, file: SourceFile | None) -> Template | None:
        if file is None:
            return None
        try:
            return read_template(self.folder / file.path, file.text)
        except ContentError as error:
            self.errors.append(error)
            return None


def recording_hash(folder: Path) -> str:
    """SHA-256 of the recorded run's file, hexadecimal; empty without one."""
    try:
        return hashlib.sha256((folder / RECORDED).read_bytes()).hexdigest()
    except OSError:
        return ""


def _run_hash(files: Mapping[str, SourceFile], template: Template, demo: Demo | None) -> str:
    """Of template.yaml, the handlers and each step without its words: a better sentence makes no recording stale.

    Hashes in the ids of deployments are left out: they follow from the rest of the template.
    """
    words = {"title", "notice", "failure"}
    steps = [step.model_dump(mode="json", exclude=words) for step in demo.steps] if demo else []
    made_of = {path: file.text for path, file in files.items() if path.startswith(FUNCTIONS)}
    made_of["template.yaml"] = deployments.unstamped(template)
    return _hash(made_of | {"demo.yaml": json.dumps(steps, sort_keys=True)})


def _content_hash(files: Mapping[str, SourceFile]) -> str:
    return _hash({path: file.text for path, file in files.items()})


def _hash(texts: Mapping[str, str]) -> str:
    digest = hashlib.sha256()
    for path in sorted(texts):
        for part in (path.encode(), texts[path].encode()):
            digest.update(len(part).to_bytes(8, "big"))
            digest.update(part)
    return digest.hexdigest()


def read_patterns(content: Path) -> tuple[list[Pattern], list[ContentError]]:
    """Every pattern under `content` that can be read, by level then title, and why the others cannot."""
    patterns: list[Pattern] = []
    errors: list[ContentError] = []
    for folder in pattern_folders(content):
        pattern, mistakes = read_pattern(folder)
        errors.extend(mistakes)
        if pattern is not None:
            patterns.append(pattern)
    return sorted(patterns, key=lambda pattern: (pattern.level, pattern.title)), errors
