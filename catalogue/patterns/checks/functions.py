"""Functions and their code: every template names code that is there, and all code is named by a template."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.patterns.checks.template import templates
from catalogue.patterns.content import Pattern, SourceFile
from catalogue.patterns.mistakes import ContentError
from catalogue.patterns.relations import FUNCTIONS
from catalogue.patterns.template import Resource, Template


@dataclass(frozen=True)
class _Function:
    template: Template
    resource: Resource

    def setting(self, name: str) -> Any:
        """A property of the function, or SAM's Globals where it has none of its own."""
        own = self.resource.properties.get(name)
        if own is not None:
            return own
        shared = self.template.document.value.get("Globals")
        function = shared.get("Function") if isinstance(shared, Mapping) else None
        return function.get(name) if isinstance(function, Mapping) else None

    def wrong(self, setting: str, message: str, remedy: str) -> ContentError:
        line = self.template.line("Resources", self.resource.id, "Properties", setting)
        return ContentError(self.template.path, line, f"`{self.resource.id}`: {message}", remedy, id="patterns.E040")


def check(pattern: Pattern) -> Iterator[ContentError]:
    yield from _syntax(pattern)
    folders = {file.path.split("/")[1] for file in pattern.files if file.path.startswith("functions/")}
    used: set[str] = set()
    for template in templates(pattern):
        for resource in template.of_type(*FUNCTIONS):
            function = _Function(template, resource)
            folder = _folder(function)
            if folder is None or folder not in folders:
                yield _no_folder(function, folders)
            else:
                used.add(folder)
                yield from _handler(pattern, function, folder)
    for folder in sorted(folders - used):
        yield ContentError(
            pattern.folder / "functions" / folder,
            1,
            f"No function of the templates has its code in functions/{folder}/.",
            f"Delete the folder, or name it: `CodeUri: functions/{folder}/`.",
            id="patterns.E041",
        )


def _syntax(pattern: Pattern) -> Iterator[ContentError]:
    for file in pattern.files:
        if file.language == "python":
            try:
                ast.parse(file.text)
            except SyntaxError as error:
                yield ContentError(
                    pattern.folder / file.path,
                    error.lineno or 1,
                    f"This is not Python: {error.msg}.",
                    "Mend the syntax.",
                    id="patterns.E040",
                )


def _folder(function: _Function) -> str | None:
    """The folder under functions/ that the function's code is in; None if it is not in one."""
    uri = function.setting("CodeUri")
    if not isinstance(uri, str):
        return None
    parts = uri.removeprefix("./").rstrip("/").split("/")
    return parts[1] if len(parts) == 2 and parts[0] == "functions" else None


def _no_folder(function: _Function, folders: set[str]) -> ContentError:
    uri = function.setting("CodeUri")
    said = f"`CodeUri` is `{uri}`, and there is no such folder." if uri else "it has no `CodeUri`."
    known = ", ".join(f"`functions/{folder}/`" for folder in sorted(folders)) or "still missing"
    return function.wrong("CodeUri", said, f"Put its code in functions/<name>/; the folders are {known}.")


def _handler(pattern: Pattern, function: _Function, folder: str) -> Iterator[ContentError]:
    handler = function.setting("Handler")
    module, _, name = str(handler or "").rpartition(".")
    path = f"functions/{folder}/{module}.py"
    files: dict[str, SourceFile] = {file.path: file for file in pattern.files}
    if not module:
        yield function.wrong("Handler", f"`Handler` is {handler!r}.", "Write module and function: `app.handler`.")
    elif path not in files:
        yield function.wrong("Handler", f"`Handler` is `{handler}`, and there is no {path}.", "Mend either.")
    elif name not in _functions_of(files[path]):
        yield function.wrong(
            "Handler", f"{path} has no function `{name}`.", f"Define `def {name}(event, context)` there."
        )


def _functions_of(file: SourceFile) -> set[str]:
    try:
        tree = ast.parse(file.text)
    except SyntaxError:
        return set()
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
