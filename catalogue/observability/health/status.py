"""The status page in the admin (`/admin/status/`): what `/readyz` and the metrics say, for people. Reads only."""

import time
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from catalogue.observability.health import tree
from catalogue.observability.health.readiness import rounds
from catalogue.observability.loading import load
from catalogue.observability.prometheus import exposition


class StatusRow(NamedTuple):
    """One line of a table: what, how much."""

    name: str
    value: str


@never_cache
@require_safe
def status_page(request: HttpRequest) -> HttpResponse:
    load()
    samples = _samples(exposition.gathered().collect())
    context = {
        **admin.site.each_context(request),
        "title": "Status",
        "report": rounds.report(),
        "tables": [
            ("Labs", _by_label(samples, "patterns_labs", "state")),
            ("Mail by state", _by_label(samples, "patterns_mail", "state")),
            ("Mail queue", _mail(samples)),
            ("Limits hit", _by_label(samples, "patterns_limits_hit_total", "limit") or [StatusRow("none so far", "0")]),
            ("Web", _web(samples)),
            ("Processes", _processes(samples)),
            ("Labs by emulator", _by_label(samples, "patterns_emulator_labs", "emulator")),
            ("Pages", _build(samples)),
            ("Versions", _versions(samples)),
        ],
    }
    return render(request, "admin/status.html", context)


type Samples = Mapping[str, list[tuple[Mapping[str, str], float]]]


def _samples(families: Iterable[Any]) -> Samples:
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in families:
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def _one(samples: Samples, name: str) -> float:
    return sum(value for _, value in samples.get(name, ()))


def _by_label(samples: Samples, name: str, label: str) -> list[StatusRow]:
    return [StatusRow(labels[label].replace("_", " "), f"{value:,.0f}") for labels, value in samples.get(name, ())]


def _mail(samples: Samples) -> list[StatusRow]:
    return [
        StatusRow("due now", f"{_one(samples, 'patterns_mail_due'):,.0f}"),
        StatusRow("oldest still to be sent", _ago(_one(samples, "patterns_mail_oldest_queued_seconds"))),
        StatusRow("most overdue", _ago(_one(samples, "patterns_mail_overdue_seconds"))),
    ]


def _web(samples: Samples) -> list[StatusRow]:
    by_kind: dict[str, float] = {}
    failed = 0.0
    for labels, value in samples.get("patterns_requests_total", ()):
        by_kind[labels["kind"]] = by_kind.get(labels["kind"], 0) + value
        failed += value if labels["status"].startswith("5") else 0
    return [
        *(StatusRow(f"answers, {kind}", f"{count:,.0f}") for kind, count in sorted(by_kind.items())),
        StatusRow("of them 5xx", f"{failed:,.0f}"),
        StatusRow("under way", f"{_one(samples, 'patterns_requests_under_way'):,.0f}"),
        StatusRow("streams", f"{_one(samples, 'patterns_streams'):,.0f}"),
        StatusRow("calls not recorded yet", f"{_one(samples, 'patterns_recorder_backlog'):,.0f}"),
    ]


def _processes(samples: Samples) -> list[StatusRow]:
    """Of the supervisor's tree, if there is one on this machine; else those that count themselves."""
    found = [StatusRow(part.name, _state(part)) for part in tree.parts()]
    return found or [
        StatusRow(" ".join(filter(None, (labels["part"], labels.get("pid")))), f"{value / 1e6:,.0f} MB")
        for labels, value in samples.get("patterns_process_resident_bytes", ())
    ]


def _state(part: tree.TreePart) -> str:
    said = [part.state]
    if part.processes:
        said.append(f"{part.processes} process{'es' if part.processes > 1 else ''}")
        said.append(f"{part.resident_bytes / 1e6:,.0f} MB")
    if part.restarts:
        said.append(f"{part.restarts} restart{'s' if part.restarts > 1 else ''} ({part.cause})")
    return ", ".join(said)


def _build(samples: Samples) -> list[StatusRow]:
    edition = _one(samples, "patterns_build_edition")
    if not edition:
        return [StatusRow("build", "none")]
    age = time.time() - _one(samples, "patterns_build_timestamp_seconds")
    return [
        StatusRow("build", f"number {edition:.0f}"),
        StatusRow("pages", f"{_one(samples, 'patterns_build_pages'):,.0f}"),
        StatusRow("built", f"{_ago(age)} ago"),
    ]


def _versions(samples: Samples) -> list[StatusRow]:
    found = samples.get("patterns_info", [({}, 1.0)])[0][0]
    return [StatusRow(name, value) for name, value in found.items()]


def _ago(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    if seconds < 7200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172_800 else f"{seconds / 86_400:.0f} days"
