"""Clears a run of what a stranger must not see: pure.

What goes: headers, the lab's id and every address of it or of the AWS behind it, account numbers, tokens and signatures
by their shape, and whatever stands under the name of a secret, wherever else it stands. A physical id becomes the
logical id that the template gives it. A secret becomes `‹token 1›`, the same one each time: its return can be seen.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, quote_plus, urlsplit

from catalogue.labs.demos.runs.writings import TELLING, Writings
from catalogue.labs.models import Lab
from catalogue.labs.services.registry import lab_services
from catalogue.patterns.runs.document import Action, ActionAnswer, Check, Event, Log, Request, Run

SECRET_NAME = re.compile(
    r"token(?!_type)|secret|passw|passphrase|credential|signature|authorization|cookie|jwt|bearer|api[-_]?key"
    r"|private|source_?ip|forwarded|(^|[-_.])key$|[a-z](?-i:Key)$",
    re.IGNORECASE,
)
"""Names under which a secret stands. What else is called a key (an idempotency key) is blanked with them."""
_LEAST = 4
"""A text shorter than this is no secret, and cannot be told from any other."""
_JWT = re.compile(r"(?<![A-Za-z0-9_-])(?:ey|ew)[A-Za-z0-9_-]{10,}(?:=*\.[A-Za-z0-9_-]*){0,4}")
_BEARER = re.compile(r"(?i)\b(bearer|basic)(\s+|%20|\+)[A-Za-z0-9._~+/-]{12,}=*")
_ACCESS_KEY = re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b")
_NAMED_IN_JSON = re.compile(r'("(?P<name>[\w.-]+)"\s*:\s*)"(?P<value>(?:[^"\\]|\\.)*)("|$)', re.DOTALL)
# A name is looked for where a word begins only: from each of its letters, a long one would be read again and again.
_NAMED_IN_TEXT = re.compile(r"(?<![\w.-])(?P<name>[\w.-]+)(?P<is>=|%3D)(?P<value>[^&\s,;{}\"'<>#]+)", re.IGNORECASE)
_HEADERS = re.compile(r'("(?:headers|multiValueHeaders)"\s*:\s*)\{[^{}]*(?:\}|$)', re.IGNORECASE)
"""What a handler repeats of a request's headers: they hold whatever a client sends."""
_LABEL = re.compile(r"‹\w+ \d+›…?")
_ACCOUNT = re.compile(r"(arn:aws[\w-]*:[\w-]*:[\w-]*:)\d{12}(?=:)")
_QUEUE_ADDRESS = re.compile(r"https?://[^/\s\"'<>]+/\d{12}/")


@dataclass(frozen=True)
class Secrets:
    """What is known of a lab and must not be told."""

    lab_id: str
    stack: str
    upstream: str
    resources: Mapping[str, tuple[str, str]]
    """Logical id: type and physical id."""
    values: frozenset[str] = frozenset()
    """Secret values that steps saved."""


def secrets_of(lab: Lab, *saved: Mapping[str, Any]) -> Secrets:
    """Of a lab and the values that its steps saved: each that has a secret's name or the shape of a token."""
    values = {
        str(value)
        for part in saved
        for name, value in part.items()
        if not isinstance(value, bool) and (SECRET_NAME.search(name) or _JWT.search(str(value)))
    }
    return Secrets(
        lab.pk,
        lab.stack,
        lab.upstream,
        {logical: (str(pair[0]), str(pair[1])) for logical, pair in lab.resources.items()},
        frozenset(value for value in values if len(value) >= _LEAST),
    )


def redacted(run: Run, secrets: Secrets) -> Run:
    """The run with nothing secret in it. Redacting twice changes nothing."""
    cleaner = _Cleaner(secrets, set(secrets.values) | set(_named_values(run)))
    return run.model_copy(
        update={
            "title": cleaner.text(run.title),
            "actions": tuple(cleaner.action(action) for action in run.actions),
            "events": tuple(cleaner.event(event) for event in run.events),
        }
    )


@dataclass
class _Cleaner:
    secrets: Secrets
    values: set[str]
    _labels: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._rewrites = [*_places(self.secrets), *_physical(self.secrets)]
        # Longest first: one secret may hold another.
        self._written = Writings((written, value) for value in self.values for written in _writings(value))

    def action(self, action: Action) -> Action:
        return action.model_copy(
            update={
                "title": self.text(action.title),
                "action": self.text(action.action),
                "answers": tuple(
                    ActionAnswer(status=answer.status, ms=answer.ms, body=self.body(answer.body))
                    for answer in action.answers
                ),
                "checks": tuple(
                    Check(what=self.shapes(one.what), ok=one.ok, seen=self.text(one.seen)) for one in action.checks
                ),
                "cli": None if action.cli is None else self.text(action.cli),
            }
        )

    def event(self, event: Event) -> Event:
        if isinstance(event, Request):
            return event.model_copy(update={"method": self.text(event.method), "path": self.text(event.path)})
        if isinstance(event, Log):
            return event.model_copy(
                update={
                    "step": None if event.step is None else self.text(event.step),
                    "fields": self.value(event.fields),
                    "text": None if event.text is None else self.text(event.text),
                }
            )
        return event

    def body(self, body: str) -> str:
        """An answer's body: member by member where it is JSON."""
        parsed = _parsed(body)
        if not isinstance(parsed, (dict, list)):
            return self.text(body)
        clean = self.value(parsed)
        return body if clean == parsed else json.dumps(clean, ensure_ascii=False)

    def value(self, value: Any, name: str = "") -> Any:
        if isinstance(value, Mapping):
            if name.lower() in ("headers", "multivalueheaders"):
                return "‹headers›"
            return {self.text(key): self.value(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner, name) for inner in value]
        if SECRET_NAME.search(name) and _is_value(value):
            return self.label(str(value), name)
        return self.text(value) if isinstance(value, str) else value

    def text(self, text: str) -> str:
        text = _NAMED_IN_JSON.sub(self._named_in_json, self.shapes(text))
        return _NAMED_IN_TEXT.sub(self._named_in_text, text)

    def shapes(self, text: str) -> str:
        """Without what is known and what has a secret's shape; enough for what a demo expects, which is public."""
        text = _HEADERS.sub(r'\1"‹headers›"', text)
        for rewrite in self._rewrites:
            text = rewrite(text)
        text = self._written.replaced(text, self.label)
        text = _JWT.sub(lambda found: self.label(found[0], "token"), text)
        text = _BEARER.sub(lambda found: f"{found[1]} {self.label(found[0], 'token')}", text)
        return _ACCESS_KEY.sub(lambda found: self.label(found[0], "key"), text)

    def label(self, value: str, name: str = "") -> str:
        """What stands for a secret; one that stands for a secret already stays."""
        if _LABEL.fullmatch(value):
            return value
        if value not in self._labels:
            kind = "key" if name.lower().endswith("key") else "token" if name.lower().endswith("token") else "secret"
            kind = "token" if _JWT.fullmatch(value) else kind
            self._labels[value] = f"‹{kind} {len(self._labels) + 1}›"
        return self._labels[value]

    def _named_in_json(self, found: re.Match[str]) -> str:
        if not SECRET_NAME.search(found["name"]) or not found["value"]:
            return found[0]
        return f'{found[1]}"{self.label(found["value"], found["name"])}{found[4]}'

    def _named_in_text(self, found: re.Match[str]) -> str:
        if not SECRET_NAME.search(found["name"]):
            return found[0]
        return f"{found['name']}{found['is']}{self.label(found['value'], found['name'])}"


def _places(secrets: Secrets) -> Iterator[Callable[[str], str]]:
    """Addresses of the lab and of the AWS behind it."""
    endpoint = re.compile(rf"(?:https?://[^/\s\"'<>]+)?/live/{re.escape(secrets.lab_id)}")
    yield lambda text: endpoint.sub("", text)
    yield lambda text: text.replace(secrets.lab_id, "‹lab›")
    if secrets.upstream:
        door = urlsplit(secrets.upstream).netloc
        origin = f"{urlsplit(secrets.upstream).scheme}://{door}"
        yield lambda text: text.replace(secrets.upstream, "").replace(origin, "").replace(door, "")


def _physical(secrets: Secrets) -> Iterator[Callable[[str], str]]:
    """Physical ids and ARNs become logical ids; account numbers go."""
    named = [
        (name, logical)
        for logical, (type_, physical) in secrets.resources.items()
        for name in {physical, re.split(r"[/:]", physical)[-1]}
        if _is_made_up(name) and type_ not in lab_services().plain_ids
    ]
    for name, logical in sorted(named, key=lambda pair: (-len(pair[0]), pair)):
        whole = re.compile(
            rf"(?:arn:aws[\w-]*:[\w-]+:[\w-]*:\d*:(?:[\w-]+[:/])*|https?://[^/\s\"'<>]+/\d{{12}}/)?"
            rf"(?<![A-Za-z0-9]){re.escape(name)}(?![A-Za-z0-9])"
        )
        yield lambda text, whole=whole, logical=logical: whole.sub(logical, text)  # type: ignore[misc]
    if secrets.stack:
        yield lambda text: text.replace(secrets.stack, "‹stack›")
    yield lambda text: _ACCOUNT.sub(r"\1", _QUEUE_ADDRESS.sub("", text))


def _is_made_up(name: str) -> bool:
    """Whether a physical id was made by AWS, so that it stands for the resource wherever it is read."""
    return len(name) >= TELLING and not name.isalpha()


def _writings(value: str) -> set[str]:
    """The ways in which a value may stand in a text: as it is, in JSON, in JSON within JSON, in an address."""
    ways = {value}
    for _ in range(2):
        ways |= {json.dumps(way, ensure_ascii=ascii)[1:-1] for way in ways for ascii in (True, False)}
    ways |= {quote(value, safe=""), quote(value), quote_plus(value), repr(value)[1:-1]}
    return {way for way in ways if len(way) >= _LEAST}


def _named_values(run: Run) -> Iterator[str]:
    """Values that stand under a secret's name in a log line or an answer, long enough to be found elsewhere."""
    for event in run.events:
        if isinstance(event, Log):
            yield from _named(event.fields)
    for action in run.actions:
        for answer in action.answers:
            yield from _named(_parsed(answer.body))


def _named(value: Any, name: str = "") -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _named(inner, str(key))
    elif isinstance(value, list):
        for inner in value:
            yield from _named(inner, name)
    elif SECRET_NAME.search(name) and _is_value(value) and len(str(value)) >= TELLING:
        yield str(value)


def _is_value(value: Any) -> bool:
    return value not in (None, "") and not isinstance(value, bool)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
