"""What an author writes with files of their own, put into the template as `aws cloudformation package` leaves it. Pure.

https://docs.aws.amazon.com/cli/latest/reference/cloudformation/package.html names what may be a local path: CodeUri,
also SAM's Globals', DefinitionUri, and the Location of an AWS::Include. Definitions and includes are written into the
template itself, which gives the same stack as a copy of theirs on S3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from catalogue.patterns.cloudformation.resolving import SERVERLESS_FUNCTION

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.content.pattern import SourceFile

_DEFINITIONS = {
    "AWS::Serverless::Api": "DefinitionBody",
    "AWS::Serverless::HttpApi": "DefinitionBody",
    "AWS::Serverless::StateMachine": "Definition",
}
_OWN_CODE = ("CodeUri", "InlineCode", "ImageUri")


class PackagingError(Exception):
    """The pattern cannot be packaged; the message says why."""


def inlined(template: dict[str, Any], files: Iterable[SourceFile]) -> dict[str, Any]:
    """The template with local DefinitionUris and AWS::Includes written into it. Raises PackagingError."""
    texts = {file.path: file.text for file in files}
    expanded: dict[str, Any] = _include(template, texts)
    for logical, resource in expanded["Resources"].items():
        body = _DEFINITIONS.get(str(resource.get("Type")))
        properties = resource.get("Properties") or {}
        uri = properties.get("DefinitionUri")
        if body and isinstance(uri, str) and not uri.startswith("s3://"):
            properties[body] = _read(texts, uri, f"The DefinitionUri of {logical}")
            del properties["DefinitionUri"]
    return expanded


def share_code(template: dict[str, Any]) -> None:
    """Give the CodeUri of SAM's Globals to each function without code of its own."""
    shared = (template.get("Globals") or {}).get("Function")
    if not isinstance(shared, dict) or not isinstance(shared.get("CodeUri"), str):
        return
    uri = shared.pop("CodeUri")
    for resource in template["Resources"].values():
        if resource.get("Type") == SERVERLESS_FUNCTION:
            properties = resource.setdefault("Properties", {})
            if not any(name in properties for name in _OWN_CODE):
                properties["CodeUri"] = uri
    if not shared:
        del template["Globals"]["Function"]
        if not template["Globals"]:
            del template["Globals"]


def as_cloudformation_converts(resource: dict[str, Any]) -> None:
    """Environment variables as text: CloudFormation converts numbers and booleans, and the emulator does not."""
    variables: Any = resource.get("Properties")
    for part in ("Environment", "Variables"):
        variables = variables.get(part) if isinstance(variables, dict) else None
    if isinstance(variables, dict):
        for name, value in variables.items():
            if isinstance(value, (bool, int, float)):
                variables[name] = str(value).lower() if isinstance(value, bool) else str(value)


def _include(value: Any, texts: Mapping[str, str]) -> Any:
    """The value with each AWS::Include of a local file replaced by what is in the file, beside what stands there."""
    if isinstance(value, list):
        return [_include(inner, texts) for inner in value]
    if not isinstance(value, dict):
        return value
    transform = value.get("Fn::Transform")
    rest = {key: _include(inner, texts) for key, inner in value.items()}
    if not isinstance(transform, dict) or transform.get("Name") != "AWS::Include":
        return rest
    location = (transform.get("Parameters") or {}).get("Location")
    if not isinstance(location, str) or location.startswith("s3://"):
        return rest
    included = _read(texts, location, "An AWS::Include")
    if not isinstance(included, dict):
        raise PackagingError(f"{location} is included, and is not a mapping.")
    del rest["Fn::Transform"]
    return rest | included


def _read(texts: Mapping[str, str], path: str, what: str) -> Any:
    # They load yaml, which the janitor does not need.
    from catalogue.patterns.content.parsing.mistakes import ContentError
    from catalogue.patterns.content.parsing.yaml_lines import read_yaml

    plain = PurePosixPath(path).as_posix()
    if plain not in texts:
        raise PackagingError(f"{what} is {path!r}, where no file is.")
    try:
        return read_yaml(Path(plain), texts[plain], template=True).value
    except ContentError as error:
        raise PackagingError(f"{what}: {plain}, line {error.line}: {error.message}") from error
