"""Resolves the code references of pattern.md: `functions/web/app.py#handler` to the lines they stand for.

A fragment is, in this order: a `# region NAME` … `# endregion` pair; in Python a top-level def, class or
assignment with its decorators and the comment right above; in a template a resource by its logical id.
"""

import ast
import re
from contextlib import suppress
from dataclasses import dataclass

from catalogue.patterns.content.pattern import Pattern, SourceFile

_REGION = re.compile(r"^\s*#\s*region\s+(\S+)\s*$")
_ENDREGION = re.compile(r"^\s*#\s*endregion\b")


class UnresolvedReference(LookupError):
    """The reference names a file or a part of one that is not there; `remedy` says what is."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


@dataclass(frozen=True)
class CodeExcerpt:
    path: str
    fragment: str
    """Empty for a whole file."""
    text: str
    """The lines, dedented never: they are the file's own."""
    first_line: int
    last_line: int
    language: str


def resolve(pattern: Pattern, ref: str) -> CodeExcerpt:
    """The excerpt for `path` or `path#fragment`. Raises UnresolvedReference."""
    path, _, fragment = ref.strip().partition("#")
    try:
        file = pattern.file(path)
    except KeyError:
        names = ", ".join(file.path for file in pattern.files)
        raise UnresolvedReference(f"There is no file `{path}`.", f"The files are {names}.") from None
    if not fragment:
        return _excerpt(file, "", 1, len(file.lines))
    span = _region(file, fragment) or _python(file, fragment) or _resource(pattern, file, fragment)
    if span is None:
        raise UnresolvedReference(
            f"`{path}` has no `{fragment}`.",
            f"Name one of {', '.join(_fragments(pattern, file)) or 'its regions'}, "
            f"or mark the lines with `# region {fragment}` and `# endregion`.",
        )
    return _excerpt(file, fragment, *span)


def _excerpt(file: SourceFile, fragment: str, first: int, last: int) -> CodeExcerpt:
    text = "\n".join(file.lines[first - 1 : last]) + "\n"
    return CodeExcerpt(file.path, fragment, text, first, last, file.language)


def _region(file: SourceFile, name: str) -> tuple[int, int] | None:
    """First and last line inside the region, its markers left out."""
    start = None
    for number, line in enumerate(file.lines, 1):
        match = _REGION.match(line)
        if start is None and match and match[1] == name:
            start = number + 1
        elif start is not None and _ENDREGION.match(line):
            return (start, number - 1) if number > start else None
    return None


def _python(file: SourceFile, name: str) -> tuple[int, int] | None:
    if file.language != "python":
        return None
    try:
        tree = ast.parse(file.text)
    except SyntaxError:
        return None
    for node in tree.body:
        if name in _defined(node):
            decorators = getattr(node, "decorator_list", [])
            first = min([node.lineno, *(decorator.lineno for decorator in decorators)])
            while first > 1 and _is_comment(file.lines[first - 2]):
                first -= 1
            return first, node.end_lineno or node.lineno
    return None


def _is_comment(line: str) -> bool:
    return line.startswith("#") and not (_REGION.match(line) or _ENDREGION.match(line))


def _defined(node: ast.stmt) -> list[str]:
    """The names that a top-level statement defines."""
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
            return [node.name]
        case ast.Assign():
            return [target.id for target in node.targets if isinstance(target, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case ast.TypeAlias(name=ast.Name(id=name)):
            return [name]
    return []


def _resource(pattern: Pattern, file: SourceFile, logical_id: str) -> tuple[int, int] | None:
    for template in (pattern.template, pattern.naive):
        if template is not None and template.path.name == file.path and logical_id in template.resources:
            resource = template.resources[logical_id]
            return resource.line, _last_written(file, resource.line, resource.end_line)
    return None


def _last_written(file: SourceFile, first: int, last: int) -> int:
    """The block's last line that is neither blank nor a comment belonging to what follows."""
    indent = len(file.lines[first - 1]) - len(file.lines[first - 1].lstrip())
    while last > first:
        line = file.lines[last - 1]
        body = line.lstrip()
        if body and not (body.startswith("#") and len(line) - len(body) <= indent):
            break
        last -= 1
    return last


def _fragments(pattern: Pattern, file: SourceFile) -> list[str]:
    """Everything in the file that a fragment could name."""
    names = [match[1] for line in file.lines if (match := _REGION.match(line))]
    if file.language == "python":
        with suppress(SyntaxError):
            names += [name for node in ast.parse(file.text).body for name in _defined(node)]
    for template in (pattern.template, pattern.naive):
        if template is not None and template.path.name == file.path:
            names += template.resources
    return names
