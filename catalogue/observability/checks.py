"""System checks of the settings in docs/observability.md."""

from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

LEAST_TOKEN = 16
_PARTS = ("database", "cache", "emulator", "mail", "janitor", "disk")


@register("observability")
def check_observability(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    return list(_checks())


def _checks() -> Iterator[CheckMessage]:
    if settings.METRICS_TOKEN and len(settings.METRICS_TOKEN) < LEAST_TOKEN:
        yield Error(
            f"METRICS_TOKEN has {len(settings.METRICS_TOKEN)} characters: it can be guessed.",
            hint=f"Give {LEAST_TOKEN} or more, for example from `openssl rand -hex 24`.",
            id="observability.E001",
        )
    for part in settings.READY_NEEDS:
        if part not in _PARTS:
            yield Error(
                f"READY_NEEDS: there is no part {part!r}.",
                hint=f"Write a comma-separated list of: {', '.join(_PARTS)}.",
                id="observability.E002",
            )
    yield from _optional("OTEL_EXPORTER_OTLP_ENDPOINT", "opentelemetry.exporter.otlp.proto.http", "otel", "E003")
    yield from _optional("SENTRY_DSN", "sentry_sdk", "sentry", "E004")


def _optional(setting: str, module: str, group: str, number: str) -> Iterator[CheckMessage]:
    address = getattr(settings, setting)
    if not address:
        return
    if not _is_http(address):
        yield Error(
            f"{setting} is not an http or https address.",
            hint="Write it with its scheme and host, for example http://127.0.0.1:4318.",
            id=f"observability.{number}",
        )
    elif not _is_installed(module):
        yield Error(
            f"{setting} is set, and the package it needs is not installed.",
            hint=f"Run `uv pip install --require-hashes -r requirements-{group}.txt`, or unset {setting}.",
            id=f"observability.{number}",
        )


def _is_http(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _is_installed(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
