"""Functions and their code: every template names code that is there, and all code is named by a template."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from catalogue.patterns.cloudformation import requirements
from catalogue.patterns.cloudformation.template import Resource, Template
from catalogue.patterns.content.checks.template import templates
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern, SourceFile
from catalogue.patterns.services.registry import registry


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
    yield from _requirements(pattern)
    folders = {file.path.split("/")[1] for file in pattern.files if file.path.startswith("functions/")}
    used: set[str] = set()
    for template in templates(pattern):
        for resource in template.of_type(*registry().functions):
            function = _Function(template, resource)
            if isinstance(function.setting("InlineCode"), str):
                continue
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
            f"No function in the templates has its code in functions/{folder}/.",
            f"Delete the folder, or use it: `CodeUri: functions/{folder}/`.",
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
                    f"This is not valid Python: {error.msg}.",
                    "Fix the syntax.",
                    id="patterns.E040",
                )


def _requirements(pattern: Pattern) -> Iterator[ContentError]:
    for file in pattern.files:
        if file.path.startswith("functions/") and file.path.endswith(f"/{requirements.REQUIREMENTS}"):
            for line, reason in requirements.refused(file.text):
                yield ContentError(
                    pattern.folder / file.path,
                    line,
                    f"This cannot be packaged: {reason}.",
                    "Pin each package that the function imports, and no options, addresses or other files.",
                    id="patterns.E048",
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
    path = f"functions/{folder}/{module.replace('.', '/')}.py"
    files: dict[str, SourceFile] = {file.path: file for file in pattern.files}
    if not module:
        yield function.wrong(
            "Handler", f"`Handler` is {handler!r}.", "Write the module and the function: `app.handler`."
        )
    elif path not in files:
        yield function.wrong("Handler", f"`Handler` is `{handler}`, and there is no {path}.", "Correct one of them.")
    elif name not in _functions_of(files[path]):
        yield function.wrong(
            "Handler", f"{path} has no function `{name}`.", f"Define `def {name}(event, context)` there."
        )


def _functions_of(file: SourceFile) -> set[str]:
    """Names at the top of a module: what is defined, assigned (a decorated handler) or imported there."""
    try:
        tree = ast.parse(file.text)
    except SyntaxError:
        return set()
    names: set[str] = set()
    for node in tree.body:
        match node:
            case ast.FunctionDef():
                names.add(node.name)
            case ast.Assign():
                names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
            case ast.AnnAssign(target=ast.Name(id=name)):
                names.add(name)
            case ast.Import() | ast.ImportFrom():
                names |= {alias.asname or alias.name for alias in node.names}
    return names
