"""The tasks of a state machine's definition, in Amazon States Language with JSONPath or JSONata.

https://states-language.net/spec.html
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.stack import Deployed

_SUBSTITUTION = re.compile(r"\$\{([^}]+)\}")
_CALL = re.compile(
    r"arn:aws[\w-]*:states:[^:]*:[^:]*:(?:aws-sdk:)?(?P<service>[\w-]+):(?P<operation>\w+)(?:\.(?P<how>[\w:]+))?"
)


@dataclass(frozen=True)
class Task:
    """One call of a state machine."""

    state: str
    resource: str
    """The Resource of the state, when it is not a call of an API: the ARN of a function or activity."""
    service: str = ""
    operation: str = ""
    how: str = ""
    """`sync`, `waitForTaskToken` or nothing."""
    arguments: Mapping[str, Any] | None = None

    @property
    def waits(self) -> bool | None:
        """Whether the machine waits for the work; None if that depends on the service."""
        if self.how:
            return True
        return False if (self.arguments or {}).get("InvocationType") == "Event" else None


def definition_of(machine: Deployed) -> Mapping[str, Any] | None:
    """The definition as the service gets it, with its substitutions."""
    found = machine.property("DefinitionString", default=machine.property("Definition"))
    given = machine.property("DefinitionSubstitutions", default={})
    values = {str(name): text_of(value) for name, value in given.items()} if isinstance(given, Mapping) else {}
    text = found if isinstance(found, str) else json.dumps(found, default=str)
    text = _SUBSTITUTION.sub(lambda match: values.get(match[1].strip(), match[0]), text)
    try:
        read = json.loads(text, strict=False)
    except ValueError:
        return None
    return read if isinstance(read, Mapping) else None


def tasks(definition: Mapping[str, Any]) -> Iterator[Task]:
    """Every task that the machine can come to, in the order in which it can.

    An argument that is a path to a text which a Pass state writes there is that text.
    """
    found = list(_tasks(definition))
    written = _written(definition)
    for task in found:
        given = task.arguments or {}
        yield replace(
            task,
            arguments={
                key: written.get(value, value) if isinstance(value, str) else value for key, value in given.items()
            },
        )


def _written(value: Any) -> dict[str, str]:
    """The texts that Pass states write, by path: `$.to.TopicArn`. Those of which there are several are left out."""
    several: dict[str, set[str]] = {}
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += one.values()
            path, result = one.get("ResultPath"), one.get("Result", one.get("Parameters"))
            if one.get("Type") == "Pass" and isinstance(path, str) and isinstance(result, Mapping):
                for key, text in result.items():
                    if isinstance(text, str) and not str(key).endswith(".$"):
                        several.setdefault(f"{path}.{key}", set()).add(text)
        elif isinstance(one, list):
            waiting += one
    return {path: texts.pop() for path, texts in several.items() if len(texts) == 1}


def _tasks(definition: Mapping[str, Any]) -> Iterator[Task]:
    states = definition.get("States")
    if not isinstance(states, Mapping):
        return
    waiting, seen = [definition.get("StartAt")], set()
    while waiting:
        name = waiting.pop(0)
        if not isinstance(name, str) or name in seen or not isinstance(states.get(name), Mapping):
            continue
        seen.add(name)
        state = states[name]
        yield from _of_state(str(name), state)
        waiting += _next(state)


def _next(state: Mapping[str, Any]) -> list[Any]:
    found = [state.get("Next"), state.get("Default")]
    for several in ("Choices", "Catch"):
        found += [one.get("Next") for one in state.get(several) or [] if isinstance(one, Mapping)]
    return found


def _of_state(name: str, state: Mapping[str, Any]) -> Iterator[Task]:
    kind = state.get("Type")
    if kind == "Task":
        yield _task(name, text_of(state.get("Resource")), _arguments(state))
    elif kind == "Parallel":
        for branch in state.get("Branches") or []:
            yield from _tasks(branch) if isinstance(branch, Mapping) else ()
    elif kind == "Map":
        for part in ("ItemReader", "ResultWriter"):
            if isinstance(inner := state.get(part), Mapping) and inner.get("Resource"):
                yield _task(name, text_of(inner["Resource"]), _arguments(inner))
        for part in ("ItemProcessor", "Iterator"):
            if isinstance(inner := state.get(part), Mapping):
                yield from _tasks(inner)


def _arguments(state: Mapping[str, Any]) -> Mapping[str, Any]:
    """Parameters (JSONPath) or Arguments (JSONata). A name with `.$` has a value that only a run knows."""
    found = state.get("Parameters", state.get("Arguments"))
    if not isinstance(found, Mapping):
        return {}
    return {
        str(key).removesuffix(".$"): _later(value) if str(key).endswith(".$") else value for key, value in found.items()
    }


def _later(value: Any) -> Any:
    text = text_of(value)
    return text if text.startswith(("$", "States.")) else f"$.{text}"


def _task(name: str, resource: str, arguments: Mapping[str, Any]) -> Task:
    call = _CALL.fullmatch(resource)
    if call is None or call["service"] == "activity":
        return Task(name, resource, arguments=arguments)
    return Task(name, "", call["service"], call["operation"], call["how"] or "", arguments)
