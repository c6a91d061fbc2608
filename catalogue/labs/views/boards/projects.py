"""What the page of a template on its own shows besides a lab: the verdict, all endpoints, the template's lint."""

import threading
from dataclasses import dataclass, field

from catalogue.labs.lifecycle.stacks import read_stack
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.targets.verdict import Verdict, verdict
from catalogue.labs.views.represent import endpoint
from catalogue.patterns.content.checks import lint
from catalogue.patterns.content.checks.lint import Finding
from catalogue.patterns.content.pattern import Pattern


@dataclass(frozen=True)
class Shown:
    verdict: Verdict
    endpoints: tuple[str, ...]
    lint: tuple[Finding, ...] | None
    """None while it is not known."""
    lints: bool
    """Whether cfn-lint is installed."""


@dataclass
class _Lint:
    """The lint of one content, found in the background."""

    found: dict[str, tuple[Finding, ...]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)


_lint = _Lint()


def project_shown(lab: Lab, pattern: Pattern) -> Shown:
    """Asks the embedded AWS for the stack's outputs."""
    return Shown(verdict(pattern), endpoints(lab), _lint.found.get(pattern.content_hash), lint.available())


def drawn(pattern: Pattern) -> Shown:
    """What is known before there is a stack."""
    return Shown(verdict(pattern), (), _lint.found.get(pattern.content_hash), lint.available())


def endpoints(lab: Lab) -> tuple[str, ...]:
    """Addresses to call: the lab's own leads to the first API, and by WebSocket to the first WebSocket API. Further
    ones lead straight to the embedded AWS."""
    if lab.status != Status.READY or not lab.upstream:
        return ()
    target = target_of(lab)
    try:
        stack = read_stack(target.client("cloudformation"), lab.stack)
    except TargetDown:
        return (endpoint(lab),)
    own = ("Endpoint", "SocketEndpoint")
    further = [value for name, value in sorted((stack.outputs if stack else {}).items()) if name not in own]
    sockets = (endpoint(lab).replace("http", "ws", 1),) if lab.socket_upstream else ()
    return (endpoint(lab), *sockets, *(target.upstream(value) for value in further))


def lint_aside(pattern: Pattern) -> None:
    """Lint the template in a thread of its own: it takes seconds."""
    if lint.available():
        threading.Thread(target=_look_for_lint, args=(pattern,), daemon=True).start()


def _look_for_lint(pattern: Pattern) -> None:
    with _lint.lock:
        if pattern.content_hash not in _lint.found:
            _lint.found[pattern.content_hash] = tuple(lint.findings(pattern.template.path))
