"""Reads an AWS CLI command as the AWS CLI does, from botocore's models, to which what the site shows is held.

https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-parameters.html
"""

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import botocore.session
from botocore import xform_name
from botocore.model import Shape
from botocore.validate import ParamValidator


@dataclass(frozen=True)
class Call:
    service: str
    operation: str
    """As a method of a boto3 client."""
    arguments: dict[str, Any]


def read_commands(shown: str) -> list[Call]:
    """Every command of what is shown; lines of comment are left out. Raises AssertionError with what does not fit."""
    lines = [line for line in shown.splitlines() if not line.startswith("#")]
    return [read_command(command) for line in lines for command in line.split(" && ")]


def read_command(command: str) -> Call:
    """One command with its options, every one known to the service and of the right shape."""
    program, service, operation, *words = shlex.split(command)
    if (service, operation) == ("lambda", "invoke"):
        assert words.pop() == "/dev/null", "the one command that writes its answer to a file"
    assert program == "aws", command
    model = botocore.session.get_session().get_service_model(service)
    names = {xform_name(name, "-"): name for name in model.operation_names}
    assert operation in names, f"{service} has no {operation}"
    shape = model.operation_model(names[operation]).input_shape
    assert shape is not None
    members = {xform_name(name, "-"): (name, member) for name, member in shape.members.items()}
    arguments: dict[str, Any] = {}
    for option, values in _options(words):
        no, name = option.startswith("no-") and option not in members, option.removeprefix("no-")
        known = members.get(name if no else option)
        assert known is not None, f"{service} {operation} has no option --{option}"
        member, wanted = known
        if wanted.type_name == "boolean":
            assert not values, f"--{option} takes no value"
            arguments[member] = not no
        else:
            arguments[member] = _value(wanted, values)
    report = ParamValidator().validate(arguments, shape)
    assert not report.has_errors(), report.generate_report()
    return Call(service, xform_name(names[operation]), arguments)


def _options(words: list[str]) -> Iterator[tuple[str, list[str]]]:
    assert not words or words[0].startswith("--"), words
    starts = [index for index, word in enumerate(words) if word.startswith("--")]
    for start, end in zip(starts, [*starts[1:], len(words)], strict=True):
        yield words[start][2:], words[start + 1 : end]


def _value(shape: Shape, values: list[str]) -> Any:
    if shape.type_name == "list" and not values[0].startswith("["):
        member: Any = shape
        return [_value(member.member, [value]) for value in values]
    assert len(values) == 1, values
    (text,) = values
    match shape.type_name:
        case "structure" | "map" | "list":
            return json.loads(text) if text[0] in "[{" else _shorthand(shape, text)
        case "integer" | "long":
            return int(text)
    return text


def _shorthand(shape: Any, text: str) -> dict[str, Any]:
    """`op=replace,path=/a,value=true`: no value of ours has a comma in it.

    A brace ends a value there: the AWS CLI reports "Expected: ',', received: '}'" for `path=/~1products~1{id}`.
    """
    assert not set(text) & set("{}[]"), f"Not possible in shorthand syntax, so write JSON: {text}"
    pairs = dict(pair.split("=", 1) for pair in text.split(","))
    return {name: _value(shape.members[name], [value]) for name, value in pairs.items()}
