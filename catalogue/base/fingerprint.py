"""What the site is made of, as hashes: whatever was derived from it is good for as long as they stand."""

import hashlib
import os
import sys
from collections.abc import Iterable
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from django.conf import settings

_SECRET = ("SECRET", "PASSWORD", "KEY", "TOKEN", "DATABASES")
_ON_NO_PAGE = (
    *("PORT", "SMTP_", "MAILERS", "PAGES_MEMORY_MB"),
    *("LOG_", "LOGGING", "ACCESS_LOG", "READY_NEEDS", "OTEL_", "SENTRY_"),
)
"""Beginnings of settings that no page tells of: SITE_URL says where the site is, whatever port it listens on."""
_PACKAGES = ("django", "markdown", "pygments", "pymdown-extensions", "pydantic", "pyyaml", "pillow")
"""Those that pages and cards are made with."""


@cache
def code() -> str:
    """SHA-256 of the package's sources and data, of Python's version and of the packages that pages are made with."""
    versions = [sys.version, *(f"{name} {version(name)}" for name in _PACKAGES)]
    return _hash([*versions, *_texts(Path(__file__).parents[1])])


@cache
def site() -> str:
    """SHA-256 of all that pages depend on but the content: code, templates, static files, settings."""
    shown = {
        name: repr(value)
        for name in dir(settings)
        if name.isupper() and not any(word in name for word in _SECRET) and not name.startswith(_ON_NO_PAGE)
        if _is_plain(value := getattr(settings, name))
    }
    templates: Any = settings.TEMPLATES
    folders = [Path(folder) for engine in templates for folder in engine["DIRS"]]
    folders += [Path(str(folder)) for folder in settings.STATICFILES_DIRS]
    texts = [text for folder in folders for text in _texts(folder)]
    return _hash([code(), repr(sorted(shown.items())), *texts])


def static() -> str:
    """SHA-256 of what `collectstatic` gathers and of how it does so."""
    folders = [Path(str(folder)) for folder in settings.STATICFILES_DIRS]
    texts = [text for folder in folders for text in _texts(folder)]
    return _hash([code(), repr(settings.STORAGES), str(settings.STATIC_ROOT), *texts])


def _is_plain(value: object) -> bool:
    """Whether its repr is the same in every process: that of a function or an object has its address in it."""
    if isinstance(value, dict):
        return all(_is_plain(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple):
        return all(map(_is_plain, value))
    return value is None or isinstance(value, str | int | float | Path)


def _texts(folder: Path) -> Iterable[str | bytes]:
    for parent, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if name != "__pycache__")
        for name in sorted(files):
            file = Path(parent, name)
            yield str(file.relative_to(folder))
            yield file.read_bytes()


def _hash(parts: Iterable[str | bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        data = part.encode() if isinstance(part, str) else part
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest.hexdigest()
