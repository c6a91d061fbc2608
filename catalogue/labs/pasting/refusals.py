"""What a pasted template must not be, checked before anything reads it further. Pure.

CloudFormation takes no YAML aliases, no hash merges and none of the tags `!!binary`, `!!omap`, `!!pairs`, `!!set` and
`!!timestamp`, and at most 500 resources:
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html (both read 2026-12-01)
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

MOST_BYTES = 512_000
MOST_DEPTH = 50
MOST_NODES = 60_000
"""Names, values, lists and mappings of the text."""
MOST_RESOURCES = 500
LONGEST_NUMBER = 64
"""Characters of a number without quotes."""
SAM = "AWS::Serverless-2016-10-31"

_STANDARD = "tag:yaml.org,2002:"
_TAGS = {f"{_STANDARD}{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq")}
_NUMBER = re.compile(r"[-+.0-9][-+.:_0-9a-zA-Z]*")
_LOGICAL_ID = re.compile(r"[A-Za-z0-9]{1,255}")
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Unacceptable(Exception):
    """The template is not read any further; the message says why and what to do, with the line where there is one."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(f"Line {line}: {message}" if line else message)


def require_plain_text(text: str) -> None:
    """The form of the text: what costs more to read than it has bytes, or is no part of CloudFormation's YAML.

    Looks at the parser's events, before anything is built from them. Raises Unacceptable.
    """
    try:
        for number, event in enumerate(_with_places(yaml.parse(text, Loader=_Loader))):
            if number > 2 * MOST_NODES:
                raise Unacceptable(f"The template has more than {MOST_NODES:,} names and values.")
            _require_plain(*event)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise Unacceptable(
            f"This is not YAML: {error.problem or error.context}.", mark.line + 1 if mark else 0
        ) from None
    except (yaml.YAMLError, ValueError) as error:
        raise Unacceptable(f"This is not YAML: {error}.") from None


def _with_places(events: Iterator[Any]) -> Iterator[tuple[Any, int, bool]]:
    """Each event with its depth, and whether it is the name of a pair."""
    open_mappings: list[bool | None] = []  # for each collection: whether a name comes next; None in a list
    for event in events:
        is_name = False
        if isinstance(event, (yaml.CollectionEndEvent)):
            open_mappings.pop()
        elif isinstance(event, yaml.NodeEvent) and open_mappings and open_mappings[-1] is not None:
            is_name = open_mappings[-1]
            open_mappings[-1] = not is_name
        yield event, len(open_mappings), is_name
        if isinstance(event, yaml.CollectionStartEvent):
            open_mappings.append(True if isinstance(event, yaml.MappingStartEvent) else None)


def _require_plain(event: Any, depth: int, is_name: bool) -> None:
    line = event.start_mark.line + 1
    if depth > MOST_DEPTH:
        raise Unacceptable(f"The template is nested more than {MOST_DEPTH} levels deep.", line)
    if isinstance(event, yaml.AliasEvent):
        raise Unacceptable("CloudFormation takes no YAML aliases. Write the value out.", line)
    if not isinstance(event, (yaml.ScalarEvent, yaml.CollectionStartEvent)):
        return
    tag = event.tag or ""
    if tag.startswith(_STANDARD) and tag not in _TAGS:
        raise Unacceptable(f"CloudFormation takes no values of the type !!{tag.removeprefix(_STANDARD)[:40]}.", line)
    if tag and not tag.startswith((_STANDARD, "!")):
        raise Unacceptable("The tag of this value is not one of CloudFormation.", line)
    if not isinstance(event, yaml.ScalarEvent):
        if is_name:
            raise Unacceptable("A name must be a text, not a list or a mapping.", line)
        return
    if is_name and tag.startswith("!") and tag != "!":
        raise Unacceptable("A name must be a text, without a function.", line)
    if is_name and event.value == "<<" and event.implicit[0]:
        raise Unacceptable("CloudFormation takes no hash merges (<<). Write the values out.", line)
    if event.implicit[0] and len(event.value) > LONGEST_NUMBER and _NUMBER.fullmatch(event.value):
        raise Unacceptable(f"A number has more than {LONGEST_NUMBER} digits. Put it into quotes if it is a text.", line)


def require_plain_template(document: Mapping[str, Any]) -> None:
    """The template's content: transforms and loops that run on AWS, values that no JSON holds, ids that AWS refuses.

    `document` has a mapping of resources. Raises Unacceptable.
    """
    transforms = document.get("Transform") or []
    for transform in transforms if isinstance(transforms, list) else [transforms]:
        if transform != SAM:
            raise Unacceptable(
                f"The transform {str(transform)[:80]} runs on AWS only. Only {SAM} is taken here: paste the template "
                "that the others make."
            )
    _require_plain_values(document)
    resources = document["Resources"]
    if len(resources) > MOST_RESOURCES:
        raise Unacceptable(f"The template has {len(resources):,} resources; CloudFormation takes {MOST_RESOURCES}.")
    for section in ("Resources", "Parameters", "Outputs"):
        for name in document.get(section) or {}:
            if not _LOGICAL_ID.fullmatch(str(name)):
                raise Unacceptable(f"{str(name)[:80]!r} is no logical ID: CloudFormation takes letters and digits.")


def _require_plain_values(document: Mapping[str, Any]) -> None:
    waiting: list[Any] = [document]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            for name, inner in value.items():
                if name == "Fn::Transform":
                    raise Unacceptable("Fn::Transform runs on AWS only: paste the template that it makes.")
                if str(name).startswith("Fn::ForEach"):
                    raise Unacceptable("Fn::ForEach runs on AWS only: paste the template that it makes.")
                waiting.append(inner)
        elif isinstance(value, list):
            waiting.extend(value)
        elif isinstance(value, float) and not math.isfinite(value):
            raise Unacceptable("A number is infinite or none. Put it into quotes if it is a text.")
