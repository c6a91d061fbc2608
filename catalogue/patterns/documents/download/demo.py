"""The steps and levers of a demo in a download's README.md: each command, how long to wait, and what to expect."""

from catalogue.base.shell import variable
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.schemas.pattern import Expect, Lever, Observe, Operation, Request, Step, Trial
from catalogue.patterns.documents.download.curl import command, shell_text
from catalogue.patterns.documents.download.stack_commands import operation_commands, wait_after
from catalogue.patterns.documents.prose.plain import fenced
from catalogue.patterns.services.registry import registry

_READ_ANSWERS = """\
header() {
  tr -d '\\r' < answer.txt | awk -v name="$1" 'BEGIN { FS = ": " } tolower($1) == name { print $2; exit }'
}
body() {
  tr -d '\\r' < answer.txt | sed '1,/^$/d' | python3 -c '
import json, sys
value = json.load(sys.stdin)
for part in sys.argv[1].split("."):
    value = value[int(part) if isinstance(value, list) else part]
print(value)' "$1"
}"""
"""Shell functions that print a header or a member of the JSON body of the answer in answer.txt."""


def try_section(pattern: Pattern) -> str:
    """The demo's steps in their order; empty without a demo."""
    if pattern.demo is None:
        return ""
    parts = ["## Try it", " ".join(pattern.demo.story.split())]
    if any(step.save for step in pattern.demo.steps):
        parts += [
            "Some steps use values from an earlier answer, which `tee` writes to answer.txt. These functions read it:",
            fenced(_READ_ANSWERS, "sh"),
        ]
    parts += [_step(pattern, number, step) for number, step in enumerate(pattern.demo.steps, 1)]
    return "\n\n".join(parts)


def levers_section(pattern: Pattern) -> str:
    """The demo's faults, each with what shows it and its inverse; empty without any."""
    if pattern.demo is None or not pattern.demo.levers:
        return ""
    intro = "These are faults, and other changes, that you can make at any time. Where there is a way back, undo it."
    return "\n\n".join(["## Break it", intro, *(_lever(pattern, lever) for lever in pattern.demo.levers)])


def _step(pattern: Pattern, number: int, step: Step) -> str:
    parts = [f"### {number}. {step.title}", " ".join(step.notice.split())]
    if step.wait:
        parts.append(_pause(step.wait))
    if step.request:
        parts += _call(step.request, step.save)
    elif step.operation:
        parts += _operation(pattern, step.operation)
    return "\n\n".join([*parts, *_seen(step.request, step.expect, step.observe)])


def _lever(pattern: Pattern, lever: Lever) -> str:
    parts = [f"### {lever.title}", " ".join(lever.notice.split()), *_operation(pattern, lever.pull)]
    parts += _trial(lever.shows)
    if lever.release:
        parts += [f"**{lever.released}:**", *_operation(pattern, lever.release), *_trial(lever.restored)]
    return "\n\n".join(parts)


def _operation(pattern: Pattern, operation: Operation) -> list[str]:
    return [fenced(operation_commands(operation, pattern.template), "sh"), wait_after(operation)]


def _trial(trial: Trial) -> list[str]:
    parts = [_pause(trial.wait)] if trial.wait else []
    if trial.request:
        parts += _call(trial.request, {})
    return [*parts, *_seen(trial.request, trial.expect, trial.observe)]


def _pause(seconds: float) -> str:
    return f"Wait {_counted(seconds, 'second')} first."


def _call(request: Request, save: dict[str, str]) -> list[str]:
    call = command(request)
    if not save:
        return [fenced(call, "sh")]
    kept = [f"{variable(name)}=$({_read(source)})" for name, source in save.items()]
    # In a pipe, curl would show its progress meter.
    silent = call.replace("curl ", "curl -sS ", 1)
    return [fenced("\n".join([f"{silent} | tee answer.txt", *kept]), "sh")]


def _read(source: str) -> str:
    """The command that prints what a step saves: `body.a.b`, `header.location` or `status`."""
    kind, _, name = source.partition(".")
    if kind == "status":
        return "awk 'NR == 1 { print $2 }' answer.txt"
    return f"{kind} {name.lower() if kind == 'header' else name}"


def _seen(request: Request | None, expect: Expect, observed: tuple[Observe, ...]) -> list[str]:
    sentences = []
    times = request.times if request else 1
    statuses = {expect.status: times} if expect.status and times > 1 else expect.statuses
    if statuses:
        counts = ", ".join(f"{count} × {status}" for status, count in statuses.items())
        sentences.append(f"Expect: {counts}.")
    elif expect.status:
        sentences.append(f"Expect: status {expect.status}.")
    sentences += [f"Within {_counted(one.within, 'second')}, {_observation(one)}." for one in observed]
    return [" ".join(sentences)] if sentences else []


def _observation(one: Observe) -> str:
    known = registry().measures[one.measure]
    text = shell_text(one.text or "")
    return known.expected.format(resource=f"`{one.resource}`", bound=_bound(one, known.noun), text=f"`{text}`")


def _bound(one: Observe, noun: str) -> str:
    if one.equals is not None:
        return _counted(one.equals, noun) if not one.equals else f"exactly {_counted(one.equals, noun)}"
    bounds = {"at least": one.at_least, "at most": one.at_most}
    return " and ".join(f"{word} {_counted(value, noun)}" for word, value in bounds.items() if value is not None)


def _counted(number: float, noun: str) -> str:
    return f"{number:g} {noun}{'' if number == 1 else 's'}"
