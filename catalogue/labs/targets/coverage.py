"""What the embedded AWS can do with a template: the resource types that it deploys, the runtimes that it runs. Pure.

`deployable_types.txt` is the list of its CloudFormation's own types; a test compares it with the installed version.
"""

import shutil
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

_LIST = Path(__file__).with_name("deployable_types.txt")
_SAM, _CUSTOM = "AWS::Serverless::", ("Custom::", "AWS::CloudFormation::CustomResource")
BUILT = ".aws-sam/build"
"""Where `sam build` leaves a folder for each function:
https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/sam-cli-command-reference-sam-build.html
"""
RUNTIMES = ("python", "nodejs")
"""Beginnings of the names of runtimes that run here, by the Python of this command and the Node.js installed."""


@cache
def deployable() -> frozenset[str]:
    """The types that the embedded AWS creates; SAM's own types are not among them, but become such."""
    return frozenset(_LIST.read_text("utf-8").split())


def unknown_types(resources: Mapping[str, Any]) -> dict[str, list[str]]:
    """By type that the embedded AWS does not create: the logical ids that have it, in the order of the template."""
    found: dict[str, list[str]] = {}
    for id, body in resources.items():
        kind = str(body.get("Type")) if isinstance(body, Mapping) else ""
        if not is_deployable(kind):
            found.setdefault(kind, []).append(str(id))
    return found


def is_deployable(type: str) -> bool:
    return type in deployable() or type.startswith((_SAM, *_CUSTOM))


def not_runnable(functions: Mapping[str, str], *, alone: bool = False) -> dict[str, str]:
    """Why the code of a function does not run here, a sentence, by logical id; `functions` has each runtime.

    Of functions `alone`, which run on another machine if at all, what this one has installed says nothing.
    """
    return dict(_not_runnable(functions, alone))


def _not_runnable(functions: Mapping[str, str], alone: bool) -> Iterator[tuple[str, str]]:
    for id, runtime in functions.items():
        if not runtime:
            yield id, "It is a container image, which the embedded AWS does not run."
        elif not runtime.startswith(RUNTIMES):
            yield id, f"The embedded AWS does not run the runtime {runtime}."
        elif not alone and runtime.startswith("nodejs") and shutil.which("node") is None:
            yield id, f"Its runtime {runtime} needs Node.js, which is not installed here."
