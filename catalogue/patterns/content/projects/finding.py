"""Which file a project's template is, and the parameters that its samconfig.toml gives. Reads files, writes none."""

import re
import shlex
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

NAMES = ("template.yaml", "template.yml", "template.json", "cloudformation.yaml", "cloudformation.yml")
"""What `sam` looks for first, then other usual names:
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-build.html
"""
SYNTHESIZED = "cdk.out/*.template.json"
"""Where `cdk synth` leaves a template for each stack: https://docs.aws.amazon.com/cdk/v2/guide/configure-synth.html"""
_PAIR = re.compile(r"([A-Za-z0-9]+)=(.*)", re.DOTALL)


class NoTemplate(Exception):
    """There is no template, or more than one could be meant; the message says which were found."""


def find_template(given: Path) -> Path:
    """The template that a file or a folder means. Raises NoTemplate."""
    if given.is_file():
        return given.resolve()
    if not given.is_dir():
        raise NoTemplate(f"There is no file {given}.")
    for name in NAMES:
        if (given / name).is_file():
            return (given / name).resolve()
    made = sorted(given.glob(SYNTHESIZED))
    if len(made) == 1:
        return made[0].resolve()
    if made:
        raise NoTemplate(f"{given} has several stacks: name one of {', '.join(str(path) for path in made)}.")
    raise NoTemplate(f"There is no template in {given}: none of {', '.join(NAMES)}, and no cdk.out. Name the file.")


def given_parameters(pairs: Iterable[str]) -> dict[str, str]:
    """`["Stage=dev"]` as values by name. Raises ValueError for what is not of that form."""
    found = {}
    for pair in pairs:
        match = _PAIR.fullmatch(pair)
        if match is None:
            raise ValueError(f"{pair!r} is not of the form Name=value.")
        found[match[1]] = match[2]
    return found


def samconfig_parameters(folder: Path) -> dict[str, str]:
    """What samconfig.toml says of parameters for `sam deploy`; nothing without one, or with one that is damaged.

    A text of pairs, a list of pairs, or a table:
    https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
    """
    try:
        config = tomllib.loads((folder / "samconfig.toml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return {}
    default = config.get("default")
    sections = default if isinstance(default, Mapping) else {}
    found: dict[str, str] = {}
    for section in ("global", "deploy"):
        command = sections.get(section)
        parameters = command.get("parameters") if isinstance(command, Mapping) else None
        if isinstance(parameters, Mapping):
            found |= _overrides(parameters.get("parameter_overrides"))
    return found


def _overrides(value: Any) -> dict[str, str]:
    if isinstance(value, Mapping):
        return {str(name): str(text) for name, text in value.items()}
    try:
        parts = shlex.split(value) if isinstance(value, str) else [str(part) for part in value or ()]
    except ValueError:  # a quotation that does not end
        return {}
    old = re.findall(r"ParameterKey=([A-Za-z0-9]+),ParameterValue=(\S*)", " ".join(parts))
    if old:
        return dict(old)
    matches = (_PAIR.fullmatch(part) for part in parts)
    return {match[1]: match[2] for match in matches if match}
