"""YAML that knows its line numbers, with CloudFormation's short intrinsics where they are wanted."""

from collections.abc import Hashable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from catalogue.patterns.content.parsing.mistakes import ContentError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """Safe YAML that refuses a repeated key, which plain YAML lets the last one win silently.

    It has no tags by path, so it need not follow the path; what a plain text is depends on the text alone.
    """

    def descend_resolver(self, node: yaml.Node | None, index: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass

    def resolve(self, kind: type[yaml.Node], value: str, implicit: Any) -> str:
        if kind is not yaml.ScalarNode or not implicit[0]:
            return super().resolve(kind, value, implicit)  # type: ignore[no-any-return]
        return _plain_tag(type(self), value)  # type: ignore[arg-type]


class _TemplateLoader(_Loader):
    """The same with `!Ref`, `!GetAtt`, `!Sub` … as CloudFormation's long forms, and dates left as text."""


class _LenientTemplateLoader(_TemplateLoader):
    """The same, where the last of repeated keys wins, as for the tools that deploy a template."""


_TEXT: str = yaml.resolver.BaseResolver.DEFAULT_SCALAR_TAG


@lru_cache(maxsize=16_384)
def _plain_tag(loader: type[_Loader], value: str) -> str:
    """What a text without quotes is: the same few thousand words stand in every template."""
    for tag, regexp in loader.yaml_implicit_resolvers.get(value[:1], ()):
        if regexp.match(value):
            return str(tag)
    return _TEXT


def _constructed(loader: Any, node: yaml.Node) -> Any:
    if node.tag == _TEXT and type(node) is yaml.ScalarNode:
        return node.value
    return loader.construct_object(node, deep=True)


def _mapping(loader: Any, node: yaml.MappingNode) -> dict[Hashable, Any]:
    seen: dict[Hashable, yaml.Node] = {}
    for key_node, _ in node.value:
        key = _constructed(loader, key_node)
        if isinstance(key, Hashable) and key in seen and not isinstance(loader, _LenientTemplateLoader):
            raise yaml.constructor.ConstructorError(
                None, None, f"the key `{key}` is repeated here", key_node.start_mark
            )
        seen[key] = key_node
    loader.flatten_mapping(node)
    return {_constructed(loader, key): _constructed(loader, value) for key, value in node.value}


def _intrinsic(loader: Any, suffix: str, node: yaml.Node) -> dict[str, Any]:
    """The long form of a short intrinsic; GetAtt's is always a list, Ref and Condition have no `Fn::`."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)
_TemplateLoader.add_multi_constructor("!", _intrinsic)
_TemplateLoader.yaml_implicit_resolvers = {
    first: [(tag, regexp) for tag, regexp in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in _Loader.yaml_implicit_resolvers.items()
}


@dataclass(frozen=True)
class Document:
    """A parsed YAML text; `line()` finds where any part of it stands in the file."""

    path: Path
    value: Any
    node: yaml.Node | None
    offset: int = 0
    """Lines of the file before the YAML begins (front matter stands after its `---`)."""

    def line(self, *location: str | int) -> int:
        """Line (from 1) of the part at `location`, or of the nearest part around it that is there."""
        return _start(self.node, location) + self.offset

    def lines(self, *location: str | int) -> tuple[int, int]:
        """First and last line of the part at `location`, its key included."""
        node, first = self.node, self.line(*location)
        for part in location:
            node = _child(node, part)[1]
        if node is None:
            return first, first
        mark = node.end_mark
        # A block's end mark stands at the start of whatever comes next.
        last = mark.line if mark.column == 0 or isinstance(node, yaml.CollectionNode) else mark.line + 1
        if isinstance(node, yaml.CollectionNode) and node.flow_style:
            last = mark.line + 1
        return first, max(first, last + self.offset)


def _child(node: yaml.Node | None, part: str | int) -> tuple[yaml.Node | None, yaml.Node | None]:
    """The nodes that stand for the key and the value of `part`, or Nones."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value == str(part):
                return key, value
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        return node.value[part], node.value[part]
    return None, None


def _start(node: yaml.Node | None, location: tuple[str | int, ...]) -> int:
    line = node.start_mark.line + 1 if node is not None else 1
    for part in location:
        mark, node = _child(node, part)
        if mark is None:
            break
        line = mark.start_mark.line + 1
    return line


def read_yaml(path: Path, text: str, *, template: bool = False, lenient: bool = False, offset: int = 0) -> Document:
    """Parse one YAML document. Raises ContentError (E002) with the line of a syntax mistake.

    A `lenient` reader of a template takes the last of repeated keys.
    """
    loader = (_LenientTemplateLoader if lenient else _TemplateLoader if template else _Loader)(text)
    try:
        node = loader.get_single_node()
        value = loader.construct_document(node) if node is not None else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise ContentError(
            path,
            (mark.line + 1 if mark else 1) + offset,
            f"This is not YAML: {error.problem or error.context}.",
            "Fix the indentation, quotes or colon on this line (text with `: ` or `#` in it needs quotes).",
            id="patterns.E002",
        ) from error
    except (yaml.YAMLError, ValueError) as error:
        raise ContentError(
            path, 1 + offset, f"This is not YAML: {error}.", "Fix the text.", id="patterns.E002"
        ) from error
    finally:
        loader.dispose()
    return Document(path, value, node, offset)


def aliases(text: str) -> list[tuple[int, str]]:
    """Line and name of each YAML alias (`*name`) in a text that parses."""
    found: Any = (event for event in yaml.parse(text, Loader=_Base) if isinstance(event, yaml.AliasEvent))
    return [(event.start_mark.line + 1, event.anchor) for event in found]
