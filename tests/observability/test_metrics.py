"""What the site counts: who may read it, that processes add up, and that nothing is lost with a process."""

import contextlib
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from prometheus_client import CollectorRegistry
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.parser import text_string_to_metric_families
from pytest_django.fixtures import Settings

from catalogue.newsletter.models import Delivery
from catalogue.observability.prometheus import collectors, exposition, kept_counts, metric_files, metrics
from tests.newsletter.delivery.test_queue import enqueue
from tests.support.site import ROOT

TOKEN = "t" * 32


def samples(text: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """Collectors are asked anew in each test."""
    from catalogue.newsletter import observed

    monkeypatch.setattr(exposition, "_collected", collectors.Collected())
    monkeypatch.setattr(observed, "_kept", None)


def scrape(client: Client, settings: Settings) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    settings.METRICS_TOKEN = TOKEN
    response = client.get("/metrics", headers={"authorization": f"Bearer {TOKEN}"})
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    return samples(response.content.decode())


def test_without_a_token_in_the_settings_there_is_no_such_page(client: Client) -> None:
    assert client.get("/metrics", headers={"authorization": "Bearer "}).status_code == 404


@pytest.mark.parametrize(
    "given", ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é"]
)
def test_without_the_token_nothing_is_reported(client: Client, settings: Settings, given: str) -> None:
    settings.METRICS_TOKEN = TOKEN
    response = client.get("/metrics", headers={"authorization": given})
    assert response.status_code == 401
    assert response["WWW-Authenticate"] == 'Bearer realm="metrics"'
    assert b"patterns_" not in response.content


@pytest.mark.django_db
def test_the_queue_and_the_labs_are_counted(client: Client, settings: Settings) -> None:
    enqueue(3)
    Delivery.objects.filter(pk=Delivery.objects.first().pk).update(state="failed")  # type: ignore[union-attr]
    found = scrape(client, settings)
    assert found["patterns_mail", (("state", "queued"),)] == 2
    assert found["patterns_mail", (("state", "failed"),)] == 1
    assert found["patterns_mail_oldest_queued_seconds", ()] >= 0
    assert found["patterns_labs", (("state", "ready"),)] == 0
    assert found["patterns_collector_failed", (("collector", "mail"),)] == 0


@pytest.mark.django_db
def test_a_collector_that_fails_takes_no_other_with_it(
    client: Client, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> Any:
        raise OSError

    client.get("/readyz")
    monkeypatch.setitem(collectors._collectors, "labs", broken)
    found = scrape(client, settings)
    assert found["patterns_collector_failed", (("collector", "labs"),)] == 1
    assert ("patterns_mail_due", ()) in found
    assert not [key for key in found if key[0] == "patterns_labs"]


@pytest.mark.django_db
def test_kept_pages_are_counted_by_status(client: Client, settings: Settings) -> None:
    key = ("patterns_requests_total", (("kind", "kept"), ("status", "304")))
    before = scrape(client, settings).get(key, 0)
    kept_counts.counts[b"304"] += 3
    assert scrape(client, settings)[key] == before + 3
    assert scrape(client, settings)[key] == before + 3


def test_two_threads_that_hand_over_at_once_count_nothing_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    both = threading.Barrier(2, timeout=0.3)

    class HandedOver(dict[bytes, int]):
        def get(self, key: bytes, default: Any = None) -> Any:  # lets a second thread read the same, if it can
            read = super().get(key, default)
            with contextlib.suppress(threading.BrokenBarrierError):
                both.wait()
            return read

    monkeypatch.setattr(kept_counts, "counts", {b"404": 5})
    monkeypatch.setattr(kept_counts, "_handed_over", HandedOver())
    before = metrics.requests_total.labels("kept", "404")._value.get()
    threads = [threading.Thread(target=kept_counts.take) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert metrics.requests_total.labels("kept", "404")._value.get() == before + 5


def test_a_status_that_a_function_made_up_is_counted_by_its_class() -> None:
    metrics.request_answered("live", 299, 0.1)
    metrics.request_answered("live", 299, None)
    assert metrics.requests_total.labels("live", "2xx")._value.get() == 2


def test_no_limit_of_unknown_name_makes_a_series() -> None:
    before = metrics.limits_hit_total.labels("other")._value.get()
    metrics.limit_hit("whatever a caller says")
    assert metrics.limits_hit_total.labels("other")._value.get() == before + 1


COUNTING = """
import os, sys
from catalogue.observability.prometheus import metrics
for _ in range(int(sys.argv[1])):
    metrics.request_answered("pages", 200, 0.02)
metrics.streams.set(7)
print("counted", flush=True)
sys.stdin.read()
"""


def counting(folder: Path, count: int) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", COUNTING, str(count)],
        cwd=ROOT,
        env={**os.environ, metric_files.VARIABLE: str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "counted\n"
    return process


def added_up(folder: Path) -> dict[str, float]:
    registry = CollectorRegistry()
    MultiProcessCollector(registry, str(folder))  # type: ignore[no-untyped-call]
    names = ("patterns_requests_total", "patterns_request_seconds_count", "patterns_streams")
    found = {sample.name: sample.value for family in registry.collect() for sample in family.samples}
    return {name: found.get(name, 0) for name in names}


def test_processes_add_up_and_the_dead_are_counted_on(tmp_path: Path) -> None:
    folder = tmp_path / "metrics"
    metric_files.clear(folder)
    first, second = counting(folder, 3), counting(folder, 4)
    try:
        assert list(added_up(folder).values()) == [7, 7, 14]
        first.kill()
        first.wait()
        for _ in range(2):  # what was folded in once is not folded in again
            metric_files.fold_dead(folder)
            assert list(added_up(folder).values()) == [7, 7, 7]
        assert not list(folder.glob(f"*_{first.pid}.db"))
        third = counting(folder, 5)
        third.kill()
        third.wait()
        metric_files.fold_dead(folder)
        assert list(added_up(folder).values()) == [12, 12, 7]
    finally:
        for process in (first, second):
            process.kill()
            process.communicate()
    metric_files.clear(folder)
    assert list(folder.glob("*.db")) == []


def test_a_process_without_room_for_its_files_counts_for_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setenv(metric_files.VARIABLE, str(tmp_path))
    monkeypatch.setattr(os, "posix_fallocate", full)
    metric_files.reserve()
    assert metric_files.VARIABLE not in os.environ
    assert "No space left" in caplog.text
    assert list(tmp_path.glob("*.db")) == []
