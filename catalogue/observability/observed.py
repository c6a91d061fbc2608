"""Checks and metrics of what belongs to no part of the site: database, cache, disk, versions."""

import platform
import secrets
import shutil
from collections.abc import Iterable

import django
from django.conf import settings
from django.core.cache import cache
from django.db import connection
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric

from catalogue.base import fingerprint
from catalogue.base.backends.cache import away
from catalogue.observability.health import readiness, tree
from catalogue.observability.health.readiness import Finding
from catalogue.observability.prometheus import collectors

LEAST_FREE_BYTES = 200_000_000


def database() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return Finding(True, connection.vendor)


def cache_works() -> Finding:
    """Whether the shared cache answers; without CACHE_URL each process has its own, which always does."""
    if not settings.CACHE_URL:
        return Finding(True, "in each process by itself")
    cache.set("readyz", secrets.token_hex(4), 30)
    if away.now():
        return Finding(False, "It does not answer: limits hold within each process.")
    return Finding(True, "shared")


def disk() -> Finding:
    free = shutil.disk_usage(settings.VAR_DIR).free
    return Finding(free >= LEAST_FREE_BYTES, f"{free // 1_000_000} MB are free under VAR_DIR")


def _collect() -> Iterable[Metric]:
    info = GaugeMetricFamily(
        "patterns_info", "Always 1; the labels say what runs.", labels=["code", "django", "python"]
    )
    info.add_metric([fingerprint.code()[:12], django.__version__, platform.python_version()], 1)
    yield info
    yield GaugeMetricFamily(
        "patterns_disk_free_bytes", "Free space under VAR_DIR.", value=shutil.disk_usage(settings.VAR_DIR).free
    )


def _collect_tree() -> Iterable[Metric]:
    restarts = CounterMetricFamily("patterns_part_restarts", "Restarts by the supervisor.", labels=["part"])
    count = GaugeMetricFamily(
        "patterns_part_processes", "Processes of a part; of the embedded AWS with its workers.", labels=["part"]
    )
    memory = GaugeMetricFamily(
        "patterns_part_resident_bytes", "Resident memory of a part's processes, summed up.", labels=["part"]
    )
    for part in tree.parts():
        restarts.add_metric([part.name], part.restarts)
        count.add_metric([part.name], part.processes)
        memory.add_metric([part.name], part.resident_bytes)
    yield restarts
    yield count
    yield memory
    age = tree.age()
    if age is not None:
        yield GaugeMetricFamily("patterns_supervisor_age_seconds", "Since the supervisor last wrote.", value=age)


def _collect_readiness() -> Iterable[Metric]:
    up = GaugeMetricFamily("patterns_ready", "1 if /readyz calls the part ok.", labels=["part", "needed"])
    age = GaugeMetricFamily(
        "patterns_heartbeat_age_seconds", "Seconds since the last sign of life of a loop.", labels=["part"]
    )
    for part in readiness.rounds.report().parts:
        up.add_metric([part.name, "yes" if part.needed else "no"], part.state == "ok")
        if part.age is not None:
            age.add_metric([part.name], part.age)
    yield up
    yield age


readiness.register("database", database)
readiness.register("cache", cache_works)
readiness.register("disk", disk)
collectors.register("site", _collect)
collectors.register("tree", _collect_tree)
collectors.register("readiness", _collect_readiness)
