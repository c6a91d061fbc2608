"""Typed readers of environment variables, the only source of deployment settings.

Each takes a variable's name and its default and raises `ImproperlyConfigured`, naming the
variable and what it accepts, so that a typo stops the start instead of changing behavior.
"""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.core.validators import validate_email

_TRUE = {"1", "true", "yes", "on"}
_FALSE = {"0", "false", "no", "off", ""}


def text(name: str, default: str) -> str:
    return os.environ.get(name, default)


def flag(name: str, default: bool) -> bool:
    raw = os.environ.get(name)
    if raw is None:
        return default
    if raw.lower() in _TRUE:
        return True
    if raw.lower() in _FALSE:
        return False
    raise ImproperlyConfigured(f"{name}={raw!r}: write 1 or 0.")


def integer(name: str, default: int, *, least: int = 0) -> int:
    raw = os.environ.get(name)
    if raw is None:
        return default
    try:
        value = int(raw)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={raw!r}: write a whole number.") from None
    if value < least:
        raise ImproperlyConfigured(f"{name}={value}: write {least} or more.")
    return value


def words(name: str, default: list[str]) -> list[str]:
    raw = os.environ.get(name)
    return default if raw is None else [word.strip() for word in raw.split(",") if word.strip()]


def folder(name: str, default: Path) -> Path:
    raw = os.environ.get(name)
    return default if raw is None else Path(raw).expanduser().resolve()


def choice(name: str, default: str, allowed: tuple[str, ...]) -> str:
    raw = os.environ.get(name, default)
    if raw not in allowed:
        raise ImproperlyConfigured(f"{name}={raw!r}: write one of {', '.join(allowed)}.")
    return raw


def links(name: str) -> list[tuple[str, str]]:
    """Names with https addresses, as `GitHub=https://github.com/example, Mastodon=https://mastodon.example/@us`."""
    found = []
    for word in words(name, []):
        label, _, url = word.partition("=")
        if not label.strip() or not url.strip().startswith("https://"):
            raise ImproperlyConfigured(f"{name}={word!r}: write a name, = and an https address.")
        found.append((label.strip(), url.strip()))
    return found


def email(name: str) -> str:
    raw = os.environ.get(name, "").strip()
    if raw:
        try:
            validate_email(raw)
        except ValidationError:
            raise ImproperlyConfigured(f"{name}={raw!r}: write an e-mail address.") from None
    return raw
