"""What is over leaves nothing: each kind of thing that the labs of all patterns made is counted before and after."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as site_settings
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded import process
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.cleanup import janitor, leftovers
from catalogue.labs.lifecycle.packaging.zips import Variant
from catalogue.labs.models import Comparison, EdgeCall, Lab, Run, Status
from catalogue.labs.targets import get_target
from catalogue.patterns.content.pattern import Pattern, load_pattern, pattern_folders
from tests.labs.conftest import CONTENT, run
from tests.labs.lifecycle.test_services import workers

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True), pytest.mark.timeout(300)]

LISTED: dict[str, tuple[str, str, str]] = {
    "roles": ("iam", "list_roles", "Roles"),
    "functions": ("lambda", "list_functions", "Functions"),
    "event sources": ("lambda", "list_event_source_mappings", "EventSourceMappings"),
    "APIs": ("apigateway", "get_rest_apis", "items"),
    "HTTP and WebSocket APIs": ("apigatewayv2", "get_apis", "Items"),
    "queues": ("sqs", "list_queues", "QueueUrls"),
    "topics": ("sns", "list_topics", "Topics"),
    "subscriptions": ("sns", "list_subscriptions", "Subscriptions"),
    "tables": ("dynamodb", "list_tables", "TableNames"),
    "log groups": ("logs", "describe_log_groups", "logGroups"),
    "secrets": ("secretsmanager", "list_secrets", "SecretList"),
    "rules": ("events", "list_rules", "Rules"),
}


def everything(emulator: Emulator) -> Counter[str]:
    """How many of each kind of thing there are on the emulator, and of its processes and folders."""
    target = get_target()
    found: Counter[str] = Counter()
    for kind, (service, operation, key) in LISTED.items():
        answer: dict[str, Any] = getattr(target.client(service), operation)()
        found[kind] = len(answer.get(key, ()))
    stacks = target.client("cloudformation").describe_stacks()["Stacks"]
    found["stacks"] = sum(not stack["StackStatus"].startswith("DELETE") for stack in stacks)
    found["objects"] = target.client("s3").list_objects_v2(Bucket=target.bucket())["KeyCount"]
    found["workers"] = workers(emulator)
    found["folders of workers"] = len(list(process.folder().glob(f"{emulator.process.pid}-*/ministack-lambda-*")))
    return +found


def all_kinds() -> list[tuple[Pattern, Variant]]:
    patterns = [load_pattern(folder) for folder in pattern_folders(Path(site_settings.BASE_DIR / "patterns_content"))]
    patterns += [load_pattern(CONTENT / "postbox"), load_pattern(CONTENT / "prober")]
    both: list[tuple[Pattern, Variant]] = [(pattern, "pattern") for pattern in patterns]
    return both + [(pattern, "naive") for pattern in patterns if pattern.naive is not None]


def test_every_lab_that_is_over_leaves_nothing(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.VAR_DIR = tmp_path
    monkeypatch.setattr(leftovers, "YOUNG", timedelta(0))
    with process.running() as own:
        monkeypatch.setenv("EMBEDDED_AWS_URL", own.url)
        before = everything(own)
        labs = [services.create_lab(pattern, str(n), variant).lab for n, (pattern, variant) in enumerate(all_kinds())]
        labs = [services.wait_until_deployed(lab, 30) for lab in labs]
        assert {lab.status for lab in labs} == {Status.READY}, [lab.reason for lab in labs if lab.reason]
        for lab in labs:
            run(call_edge(lab.pk, "GET", "/look", {}))
            run(call_edge(lab.pk, "POST", "/", {}, {"do": "environment"}))
        during = everything(own)
        assert during["stacks"] >= len(labs)
        assert during["workers"] > before["workers"]
        assert during["log groups"] > before["log groups"]

        Lab.objects.update(expires_at=timezone.now())
        janitor.tidy()
        janitor.sweep()

        assert set(Lab.objects.values_list("status", "cleaned")) == {(Status.GONE, True)}
        assert everything(own) == before

        Lab.objects.update(gone_at=timezone.now() - janitor.KEEP_ROWS - timedelta(minutes=1))
        janitor.sweep()
        assert not any(model.objects.exists() for model in (Lab, EdgeCall, Run, Comparison))
