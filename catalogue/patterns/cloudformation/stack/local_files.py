"""Definitions that a template keeps in files beside it, put where CloudFormation will see them.

`aws cloudformation package` and `sam package` upload such files; the stack then has their content.
https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.parsing.yaml_lines import read_yaml

MAX_BYTES = 1_000_000


def with_local_files(
    document: dict[str, Any], folder: Path, definitions: Mapping[str, tuple[str, str]]
) -> tuple[dict[str, Any], list[str]]:
    """The document with the content of local files, and the files that it names but that could not be read.

    `definitions` has, by type, the property that names a file, and the one that holds its content.
    """
    unread: list[str] = []
    included = _included(document, folder, unread)
    for resource in included["Resources"].values():
        names = definitions.get(str(resource.get("Type"))) if isinstance(resource, Mapping) else None
        properties = resource.get("Properties") if names else None
        if names is None or not isinstance(properties, dict) or not isinstance(properties.get(names[0]), str):
            continue
        content = _content(folder, properties[names[0]], unread)
        if content is not None:
            del properties[names[0]]
            properties[names[1]] = _included(content, folder, unread)
    return included, unread


def _included(value: Any, folder: Path, unread: list[str]) -> Any:
    """The value with each `AWS::Include` of a local file replaced by the file's content."""
    if isinstance(value, list):
        return [_included(inner, folder, unread) for inner in value]
    if not isinstance(value, Mapping):
        return value
    found: dict[Any, Any] = {}
    for key, inner in value.items():
        if key == "Fn::Transform" and isinstance(inner, Mapping) and inner.get("Name") == "AWS::Include":
            parameters = inner.get("Parameters")
            location = parameters.get("Location") if isinstance(parameters, Mapping) else None
            content = _content(folder, location, unread) if isinstance(location, str) else None
            if isinstance(content, Mapping):
                found.update(content)
                continue
        found[key] = _included(inner, folder, unread)
    return found


def _on_disk(path: Path) -> Path:
    """The path as the disk has it: on many authors' machines, capitals make no difference."""
    if path.exists() or not path.parent.is_dir():
        return path
    return next((other for other in path.parent.iterdir() if other.name.lower() == path.name.lower()), path)


def _content(folder: Path, name: str, unread: list[str]) -> Any:
    """The parsed content of a YAML or JSON file inside the folder; None, and a note, where there is none."""
    try:
        inside = "://" not in name and (folder / name).resolve().is_relative_to(folder.resolve())
        path = _on_disk(folder / name).resolve() if inside else folder
        if not inside or not path.is_relative_to(folder.resolve()) or path.stat().st_size > MAX_BYTES:
            unread.append(name)
            return None
        text = path.read_text("utf-8")
        return json.loads(text) if path.suffix == ".json" else read_yaml(path, text, template=True).value
    except (OSError, ValueError, ContentError):
        unread.append(name)
        return None
