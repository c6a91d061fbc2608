"""An import inside a function has a comment that says why it is there, or is of a package that is listed here."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.site import ROOT

LATE = {
    "aiohttp": "only processes that call labs need it",
    "boto3": "takes a second, and is needed only where AWS is called",
    "botocore": "comes with boto3",
    "cfnlint": "only authors have it",
    "django.test": "only commands that make a database of their own need it",
    "dns": "only the newsletter's diagnosis asks DNS",
    "email_validator": "only a process that takes addresses needs it",
    "jsonschema": "only a gateway with models validates",
    "ministack": "only the emulator's process may import it, once its environment is set",
    "opentelemetry": "need not be installed",
    "redis": "only a site with CACHE_URL needs it",
    "referencing": "comes with jsonschema",
    "samtranslator": "takes a second, and only checks and labs translate",
    "sentry_sdk": "need not be installed",
}
"""Packages that functions may import without a comment, each with the reason."""


def late_imports(text: str) -> Iterator[tuple[int, str]]:
    """Line and module of each import inside a function that has no comment.

    A comment counts if it is on the import's line or above it, and for the imports that follow without a gap.
    """
    lines = text.split("\n")
    inside: dict[int, ast.stmt] = {}
    for function in ast.walk(ast.parse(text)):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            found = (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))
            inside |= {node.lineno: node for node in found}
    explained_to = 0
    for number, node in sorted(inside.items()):
        commented = "#" in lines[number - 1] or lines[number - 2].strip().startswith("#")
        if commented or number <= explained_to + 1:
            explained_to = node.end_lineno or number
        elif isinstance(node, ast.ImportFrom):
            yield number, node.module or ""
        elif isinstance(node, ast.Import):
            yield number, node.names[0].name


def test_each_late_import_says_why() -> None:
    unexplained = [
        f"{file.relative_to(ROOT)}:{line}: {module}"
        for file in sorted(Path(ROOT, "catalogue").rglob("*.py"))
        for line, module in late_imports(file.read_text("utf-8"))
        if not any(module == name or module.startswith(f"{name}.") for name in LATE)
    ]
    assert unexplained == []


def test_a_late_import_without_a_comment_is_found() -> None:
    code = """
import a

def f():
    import b
    # why
    import c
    import d

    import e
    import g  # why
"""
    assert list(late_imports(code)) == [(5, "b"), (10, "e")]
