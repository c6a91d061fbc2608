"""Which private pieces of MiniStack the embedded AWS patches or uses, and what they look like.

`python -m tests.labs.embedded.ministack.ministack_pieces` writes them to `ministack_pieces.txt` again. After an
upgrade, read the difference: each changed line is a patch to look at.
"""

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.support.site import ROOT

TABLE = Path(__file__).with_name("ministack_pieces.txt")
BY_NAME = (
    "ministack.services.apigateway_v1._invoke_lambda_custom_v1",
    "ministack.services.apigateway_v1._invoke_http_proxy_v1",
    "ministack.services.apigateway_v1._invoke_mock_v1",
    "ministack.app._get_module",
    "ministack.services.cognito._build_auth_result",
    "ministack.services.eventbridge.handle_request",
    "ministack.services.kinesis.handle_request",
    "ministack.services.s3.handle_request",
    "ministack.services.secretsmanager.handle_request",
    "ministack.services.lambda_svc._execute_function",
    "ministack.services.lambda_svc._poll_loop",
)
"""Pieces whose names a scan does not find: they are reached by `getattr` or a parameter, or called by those that are
replaced."""


def table() -> str:
    """One line for each piece: its dotted name and its signature, or its type."""
    return "".join(f"{name} {looks(found(name))}\n" for name in sorted(used() | set(BY_NAME)))


def used() -> set[str]:
    """The dotted names of all that modules of the labs take from MiniStack."""
    names: set[str] = set()
    for path in sorted((ROOT / "catalogue/labs").rglob("*.py")):
        names |= set(_names_in(ast.parse(path.read_text())))
    return {name for name in names if not inspect.ismodule(found(name))}


def found(name: str) -> Any:
    """The object of this dotted name. Raises AttributeError if MiniStack has none."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            piece: Any = importlib.import_module(".".join(parts[:length]))
        except ModuleNotFoundError:
            continue
        for part in parts[length:]:
            piece = getattr(piece, part)
        return piece
    raise AttributeError(name)


def looks(piece: Any) -> str:
    """The signature of a function; the fields of a data class; of anything else the type."""
    if inspect.isclass(piece):
        fields = getattr(piece, "__dataclass_fields__", None)
        return f"class({', '.join(fields)})" if fields else "class"
    if inspect.isfunction(piece):
        return f"{'async ' if inspect.iscoroutinefunction(piece) else ''}{inspect.signature(piece)}"
    return type(piece).__name__


def _names_in(tree: ast.Module) -> Iterator[str]:
    """Names that a module imports from MiniStack, and attributes of these and of its classes."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "ministack":
            known |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    for node in ast.walk(tree):
        match node:
            case ast.Assign([ast.Name(name)], ast.Attribute(ast.Name(module), attribute)) if module in known:
                if attribute[0].isupper():  # `Worker = lambda_runtime.Worker`
                    known[name] = f"{known[module]}.{attribute}"
    yield from known.values()
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(ast.Name(name), attribute) if name in known:
                yield f"{known[name]}.{attribute}"


if __name__ == "__main__":
    TABLE.write_text(table())
