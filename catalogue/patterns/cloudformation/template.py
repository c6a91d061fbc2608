"""A CloudFormation template as data: its resources with their lines, and who refers to whom.

Shapes follow https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-anatomy.html; short
intrinsics (`!Ref`) are read as their long forms (`{"Ref": …}`).
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from catalogue.patterns.cloudformation.properties import WithProperties
from catalogue.patterns.cloudformation.resolving import resolved_resources, scope_of
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.parsing.yaml_lines import Document, read_yaml

_SUB_NAME = re.compile(r"\$\{([^!${}][^${}]*)\}")


@dataclass(frozen=True)
class Resource(WithProperties):
    id: str
    type: str
    properties: Mapping[str, Any]
    line: int
    """First line of its block in the file, counted from 1."""
    end_line: int


@dataclass(frozen=True)
class Template:
    path: Path
    text: str
    resources: Mapping[str, Resource]
    parameters: Mapping[str, Any]
    outputs: Mapping[str, Any]
    document: Document

    def line(self, *location: str | int) -> int:
        """Line of any part of the file: `line("Resources", "OrdersQueue", "Properties")`."""
        return self.document.line(*location)

    def of_type(self, *types: str) -> Iterator[Resource]:
        """The resources of these types, in the order of the file."""
        return (resource for resource in self.resources.values() if resource.type in types)

    @cached_property
    def as_deployed(self) -> "Template":
        """The same with SAM's Globals, default parameters and conditions in place, as the stack will have it."""
        value = self.document.value
        found = resolved_resources(value, scope_of(value))
        return replace(
            self,
            resources={
                id: replace(resource, properties=found[id]["Properties"])
                for id, resource in self.resources.items()
                if id in found
            },
        )


def referenced_ids(value: Any) -> set[str]:
    """The logical ids (and parameter names) that a value refers to by Ref, GetAtt or Sub, at any depth.

    Pseudo parameters (`AWS::Region`) are left out, and so are the names a Sub brings with it.
    """
    return set(_references(value))


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if key == "Ref" and isinstance(inner, str):
                yield from _logical(inner)
            elif key == "Fn::GetAtt" and isinstance(inner, (list, str)) and inner:
                yield from _logical(inner.split(".")[0] if isinstance(inner, str) else str(inner[0]))
            elif key == "Fn::Sub":
                yield from _sub_references(inner)
            else:
                yield from _references(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from _references(inner)


def _sub_references(value: Any) -> Iterator[str]:
    text, own = (value, {}) if isinstance(value, str) else (value[0], value[1])
    for name in _SUB_NAME.findall(text):
        if name not in own:
            yield from _logical(name.split(".")[0].strip())
    yield from _references(own)


def _logical(name: str) -> Iterator[str]:
    if not name.startswith("AWS::"):
        yield name


def read_template(path: Path, text: str, *, lenient: bool = False) -> Template:
    """Parse a template. Raises ContentError: E002 for YAML, E004 for what is not a template.

    A `lenient` reader takes the last of repeated keys.
    """
    document = read_yaml(path, text, template=True, lenient=lenient)
    value = document.value
    if not isinstance(value, Mapping) or not isinstance(value.get("Resources"), Mapping):
        raise ContentError(
            path,
            1,
            "This is not a CloudFormation template: it has no `Resources` mapping.",
            "Give it a top-level `Resources:` with at least one resource.",
            id="patterns.E004",
        )
    return Template(
        path=path,
        text=text,
        resources={
            str(id): _resource(document, str(id), body)
            for id, body in value["Resources"].items()
            if id != "Fn::Transform"
        },
        parameters=_section(document, "Parameters"),
        outputs=_section(document, "Outputs"),
        document=document,
    )


def _section(document: Document, name: str) -> Mapping[str, Any]:
    section = document.value.get(name) or {}
    if not isinstance(section, Mapping):
        raise ContentError(
            document.path,
            document.line(name),
            f"`{name}` is not a mapping.",
            f"Write `{name}:` as names with their definitions below.",
            id="patterns.E004",
        )
    return section


def _resource(document: Document, id: str, body: Any) -> Resource:
    line, end_line = document.lines("Resources", id)
    properties = body.get("Properties") or {} if isinstance(body, Mapping) else None
    if not isinstance(body, Mapping) or not isinstance(body.get("Type"), str):
        raise ContentError(
            document.path,
            line,
            f"The resource `{id}` has no `Type`.",
            "Give it a `Type:`, such as `AWS::IAM::Role`.",
            id="patterns.E004",
        )
    if not isinstance(properties, Mapping):
        raise ContentError(
            document.path,
            line,
            f"The `Properties` of the resource `{id}` are not a mapping.",
            "Write them as names and values.",
            id="patterns.E004",
        )
    return Resource(id, body["Type"], properties, line, end_line)
