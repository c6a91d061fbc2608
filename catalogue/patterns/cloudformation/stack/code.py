"""The code of functions, where it is in the template or in a folder beside it: which texts it has in quotes.

Nothing is run or parsed. Files outside the template's folder are not read.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from catalogue.patterns.cloudformation.stack.stack import mapping

MAX_FILES = 200
MAX_BYTES = 200_000
"""Of one file; longer ones are bundles of others."""
_SUFFIXES = {".py", ".js", ".mjs", ".cjs", ".ts", ".java", ".kt", ".go", ".rb", ".cs", ".rs", ".sh"}
_OTHERS = {"node_modules", "test", "tests", "__tests__", "target", "build", "dist", "vendor"}
"""Folders with packages, tests or what a build made."""
_QUOTED = re.compile(r"""(["'`])([^"'`\n]{1,200})\1""")


def quoted(code: str) -> frozenset[str]:
    """The texts that are in quotes in some code."""
    return frozenset(match[2] for match in _QUOTED.finditer(code))


def code_texts(document: Mapping[str, Any], folder: Path) -> dict[str, frozenset[str]]:
    """The texts in quotes in the code of each function with a local folder, by logical id.

    Where several functions have one folder, only the file with the function's handler is its own.
    """
    shared = mapping(mapping(document.get("Globals")).get("Function"))
    homes: dict[str, tuple[Path, str]] = {}
    for id, body in document["Resources"].items():
        properties = mapping(mapping(body).get("Properties"))
        uri = properties.get("CodeUri", shared.get("CodeUri", properties.get("Code")))
        if isinstance(uri, str) and "://" not in uri and "InlineCode" not in properties:
            home = (folder / uri).resolve()
            if home.is_relative_to(folder.resolve()) and home.is_dir():
                homes[str(id)] = (home, str(properties.get("Handler", shared.get("Handler", ""))))
    several = Counter(home for home, _ in homes.values())
    return {id: _texts(home, handler if several[home] > 1 else "") for id, (home, handler) in homes.items()}


def _texts(home: Path, handler: str) -> frozenset[str]:
    found: set[str] = set()
    for file in _files(home, handler):
        try:
            if file.stat().st_size <= MAX_BYTES:
                found |= quoted(file.read_text("utf-8"))
        except (OSError, UnicodeDecodeError):
            continue
    return frozenset(found)


def _files(home: Path, handler: str) -> Iterator[Path]:
    module = handler.rpartition(".")[0].replace("::", "/")
    own = [home / f"{module}{suffix}" for suffix in sorted(_SUFFIXES)] if module else []
    if handler:
        yield from (file for file in own if file.is_file())
        return
    waiting, read = [home], 0
    while waiting:
        for path in sorted(waiting.pop().iterdir()):
            if path.is_symlink() or path.name.startswith("."):
                continue
            if path.is_dir() and path.name not in _OTHERS:
                waiting.append(path)
            elif path.suffix in _SUFFIXES and path.is_file():
                read += 1
                if read > MAX_FILES:
                    return
                yield path
