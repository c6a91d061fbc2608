"""What the labs tell of themselves: metrics, and whether the AWS behind them and the janitor work."""

from collections.abc import Iterable

from django.db.models import Count, Min
from django.utils import timezone
from prometheus_client.core import GaugeMetricFamily, Metric

from catalogue.labs.edge import application as edge
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import Place, places, target_at
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.watching import reader
from catalogue.observability.health import heartbeats, readiness
from catalogue.observability.health.readiness import Finding
from catalogue.observability.prometheus import collectors, metrics, runtime


def emulator() -> Finding:
    """Whether every emulator of this process, or AWS, answers."""
    said = {place.key: _answer(place) for place in places()}
    if not said:
        return Finding(False, "There is none: start the site with `make run`.")
    reason = "; ".join(f"{key}: {what}" for key, (_, what) in said.items())
    return Finding(all(ok for ok, _ in said.values()), reason)


def _answer(place: Place) -> tuple[bool, str]:
    try:
        return True, f"boot {target_at(place).boot_id()}"
    except TargetDown as error:
        return False, str(error)


def janitor() -> Finding:
    return heartbeats.finding("janitor")


def collect() -> Iterable[Metric]:
    labs = GaugeMetricFamily("patterns_labs", "Labs by state.", labels=["state"])
    counts = dict(Lab.objects.order_by().values_list("status").annotate(Count("pk")))
    for state in Status:
        labs.add_metric([state.value], counts.get(state.value, 0))
    yield labs
    oldest = Lab.objects.filter(status=Status.DEPLOYING).aggregate(at=Min("created_at"))["at"]
    age = 0.0 if oldest is None else max(0.0, (timezone.now() - oldest).total_seconds())
    yield GaugeMetricFamily("patterns_lab_oldest_deploying_seconds", "Age of the oldest lab being deployed.", value=age)
    held = GaugeMetricFamily("patterns_emulator_labs", "Labs that live on an emulator.", labels=["emulator"])
    up = GaugeMetricFamily("patterns_emulator_up", "1 if the emulator answers from here.", labels=["emulator"])
    live = Lab.objects.filter(status__in=(Status.DEPLOYING, Status.READY)).order_by()
    by_emulator = dict(live.values_list("emulator").annotate(Count("pk")))
    for place in places():
        held.add_metric([place.key], by_emulator.get(place.key, 0))
        up.add_metric([place.key], _answer(place)[0])
    yield held
    yield up
    uncleaned = Lab.objects.filter(cleaned=False, status__in=(Status.FAILED, Status.GONE)).count()
    yield GaugeMetricFamily(
        "patterns_labs_uncleaned", "Labs that are over, with something left on AWS.", value=uncleaned
    )


def sample() -> None:
    """The gauges of one web process, on its event loop."""
    metrics.streams.set(reader.watching_now())
    metrics.recorder_backlog.set(edge.recorder_backlog())


readiness.register("emulator", emulator)
readiness.register("janitor", janitor)
collectors.register("labs", collect)
runtime.sample_with(sample)
