"""Alert rules and dashboard name metrics and labels that the site exports, and every metric is looked at somewhere."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import CollectorRegistry

from catalogue.observability.loading import load
from catalogue.observability.prometheus import collectors, exposition, metrics
from catalogue.observability.requests.kinds import KINDS
from tests.support.site import ROOT

ALERTS = ROOT / "ops/prometheus/alerts.yml"
DASHBOARD = ROOT / "ops/grafana/serverless-patterns.json"
_METRIC = re.compile(r"\bpatterns_\w+")
_SELECTOR = re.compile(r"\b(patterns_\w+)\{([^}]*)\}")
_LABEL = re.compile(r"(\w+)\s*(?:=~|!~|!=|=)")
_GROUPED = re.compile(r"\b(?:by|without)\s*\(([^)]*)\)")
_OF_PROMETHEUS = {"instance", "job"}
_LITTLE_TO_SEE = {"patterns_requests_created"}


def expressions() -> Iterator[tuple[str, str]]:
    """Every PromQL expression of both files, with its place."""
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel.get("targets", ()):
            yield panel["title"], target["expr"]


@pytest.fixture(scope="module")
def exported() -> dict[str, set[str]]:
    """Names of the samples that the site exports, with their labels."""
    load()
    found: dict[str, set[str]] = {}
    families = [*metrics.REGISTRY.collect()]
    for family in families:
        for suffix in {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""]):
            made: list[Any] = list(metrics.REGISTRY._collector_to_names)
            labels = next(set(one._labelnames) for one in made if one._name == family.name)
            extra = {"le"} if suffix == "_bucket" else set()
            by_process = {"pid"} if family.name.startswith("patterns_process_") else set()
            found[family.name + suffix] = labels | extra | by_process
    return found


@pytest.fixture(scope="module")
def every_metric(exported: dict[str, set[str]], django_db_setup: None, django_db_blocker: Any) -> dict[str, set[str]]:
    """Those of the registered collectors too. What an empty site has no sample of is known by its family."""
    from catalogue.observability.health.tree import TreePart

    part = TreePart("web", "running", 1, "", 1, 1)
    with pytest.MonkeyPatch.context() as patch, django_db_blocker.unblock():
        patch.setattr("catalogue.observability.health.tree.parts", lambda: iter([part]))
        patch.setattr("catalogue.observability.health.tree.age", lambda: 1.0)
        found = dict(exported)
        for family in collectors.Collected().collect():
            labels = set(getattr(family, "_labelnames", ()))
            found[family.name + ("_total" if family.type == "counter" else "")] = labels
    return found


def test_every_metric_and_label_named_is_exported(every_metric: dict[str, set[str]]) -> None:
    for place, expression in expressions():
        named = set(_METRIC.findall(expression))
        assert named <= set(every_metric), f"{place}: {named - set(every_metric)}"
        known = _OF_PROMETHEUS.union(*(every_metric[name] for name in named))
        for name, selector in _SELECTOR.findall(expression):
            labels = set(_LABEL.findall(re.sub(r'"[^"]*"', '""', selector)))
            assert labels <= every_metric[name] | _OF_PROMETHEUS, f"{place}: {name}{{{selector}}}"
        for group in _GROUPED.findall(expression):
            assert {label.strip() for label in group.split(",")} <= known, f"{place}: by ({group})"


def test_every_label_shown_is_a_label_of_its_expression(every_metric: dict[str, set[str]]) -> None:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            known = _OF_PROMETHEUS.union(*(every_metric[name] for name in _METRIC.findall(rule["expr"])))
            shown = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule["annotations"])))
            assert shown <= known, rule["alert"]


def test_values_of_labels_that_are_compared_exist() -> None:
    text = ALERTS.read_text() + DASHBOARD.read_text()
    for limit in re.findall(r'limit=\\?"(\w+)', text):
        assert limit in metrics.LIMITS
    for kinds in re.findall(r'kind[=!]~\\?"([\w|]+)', text):
        assert set(kinds.split("|")) <= set(KINDS)


def test_every_metric_is_on_the_dashboard_or_in_an_alert(every_metric: dict[str, set[str]]) -> None:
    named = {name for _, expression in expressions() for name in _METRIC.findall(expression)}
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in every_metric}
    looked_at = {re.sub(r"_(bucket|sum|count)$", "", name) for name in named}
    assert families <= looked_at, families - looked_at


def test_every_alert_says_what_to_do() -> None:
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    names = [rule["alert"] for rule in rules]
    assert len(names) == len(set(names))
    documented = (ROOT / "docs/observability.md").read_text()
    for rule in rules:
        assert rule["labels"]["severity"] in ("page", "ticket"), rule["alert"]
        assert set(rule["annotations"]) == {"summary", "description"}, rule["alert"]
        assert f"`{rule['alert']}`" in documented, rule["alert"]


def test_every_metric_is_documented(every_metric: dict[str, set[str]]) -> None:
    documented = (ROOT / "docs/observability.md").read_text()
    families = {re.sub(r"_(bucket|sum|count)$", "", name) for name in every_metric}
    assert {name for name in families if f"`{name}`" not in documented} == set()
    assert {name for name in re.findall(r"`(patterns_\w+)`", documented) if name not in families} == set()


def test_the_panels_of_the_dashboard_do_not_overlap() -> None:
    taken: dict[tuple[int, int], str] = {}
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, (panel["title"], taken[x, y])
                taken[x, y] = panel["title"]


PROMTOOL = shutil.which("promtool")
RULES_TEST = """
rule_files: [{alerts}]
evaluation_interval: 1m
tests:
  - interval: 1m
    input_series:
      - {{series: 'up{{job="serverless-patterns",instance="a"}}', values: '1 1 0 0 0'}}
      - {{series: 'patterns_ready{{part="database",needed="yes",instance="a"}}', values: '1 0 0 0 0'}}
      - {{series: 'patterns_ready{{part="emulator",needed="no",instance="a"}}', values: '0x4 1 0 0 0 0'}}
      - {{series: 'patterns_mail_overdue_seconds{{instance="a"}}', values: '301x20'}}
      - {{series: 'patterns_mail_overdue_seconds{{instance="b"}}', values: '301x20'}}
      - {{series: 'patterns_requests_total{{kind="pages",status="200",instance="a"}}', values: '0+98x20'}}
      - {{series: 'patterns_requests_total{{kind="pages",status="500",instance="a"}}', values: '0+2x20'}}
      - {{series: 'patterns_requests_total{{kind="live",status="500",instance="a"}}', values: '0+50x20'}}
    alert_rule_test:
      - {{alertname: SiteDown, eval_time: 2m, exp_alerts: []}}
      - alertname: SiteDown
        eval_time: 4m
        exp_alerts: [{{exp_labels: {{severity: page, job: serverless-patterns, instance: a}}}}]
      - alertname: PartDown
        eval_time: 3m
        exp_alerts: [{{exp_labels: {{severity: page, part: database, instance: a}}}}]
      - {{alertname: PartDegraded, eval_time: 9m, exp_alerts: []}}
      - {{alertname: MailOverdue, eval_time: 4m, exp_alerts: []}}
      - alertname: MailOverdue
        eval_time: 6m
        exp_alerts: [{{exp_labels: {{severity: page}}}}]
      - alertname: ServerErrors
        eval_time: 12m
        exp_alerts: [{{exp_labels: {{severity: page, kind: pages, instance: a}}}}]
"""


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (on Debian: apt install prometheus)")
def test_prometheus_reads_the_rules_and_fires_when_it_should(tmp_path: Path) -> None:
    assert PROMTOOL is not None
    config = tmp_path / "prometheus.yml"
    config.write_text((ALERTS.parent / "prometheus.yml").read_text().replace("/etc/prometheus", str(tmp_path)))
    (tmp_path / "serverless-patterns.token").write_text("t" * 32)
    (tmp_path / "alerts.yml").write_text(ALERTS.read_text())
    checked = subprocess.run([PROMTOOL, "check", "config", str(config)], capture_output=True, text=True, timeout=60)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    without_texts = re.sub(r"\n +annotations:\n +summary: .*\n +description: .*", "", ALERTS.read_text())
    (tmp_path / "bare.yml").write_text(without_texts)
    (tmp_path / "test.yml").write_text(RULES_TEST.format(alerts=tmp_path / "bare.yml"))
    tested = subprocess.run(
        [PROMTOOL, "test", "rules", str(tmp_path / "test.yml")], capture_output=True, text=True, timeout=60
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr


@pytest.mark.skipif(PROMTOOL is None, reason="promtool is not installed (on Debian: apt install prometheus)")
@pytest.mark.django_db
def test_prometheus_finds_nothing_to_say_of_the_metrics() -> None:
    assert PROMTOOL is not None
    load()
    registry: CollectorRegistry = exposition.gathered()
    from prometheus_client import generate_latest

    checked = subprocess.run(
        [PROMTOOL, "check", "metrics"], input=generate_latest(registry), capture_output=True, timeout=60
    )
    said = [line for line in checked.stderr.decode().splitlines() if "_created" not in line]
    assert said == []
