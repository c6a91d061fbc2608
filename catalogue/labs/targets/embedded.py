"""The embedded AWS as a target. What differs from AWS itself stands here and in `catalogue.labs.embedded`."""

from __future__ import annotations

import json
import re
import threading
import time
import urllib.request
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from catalogue.labs.embedded import fixups, uses_door
from catalogue.labs.embedded.guard import BOOT_HEADER, BOOT_PATH
from catalogue.labs.targets import Resources, TargetDown
from catalogue.labs.targets.clients import Clients
from catalogue.labs.targets.uses import counted_as

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.runs.document import Use

_ENDPOINT = re.compile(r"https://(?P<api>[a-z0-9]+)\.execute-api\.[a-z0-9-]+\.amazonaws\.com/(?P<stage>[\w-]+)/?")
_BOOT_CACHE_SECONDS = 0.5
_SEEN_OTHERWISE = {"api-gateway", "lambda", "sqs", "sns", "cloudwatch"}
"""Services whose moments a run has from its calls, logs and counts already."""


class EmbeddedTarget:
    name = "embedded"
    region = "us-east-1"
    patience = 3.0
    deploy_seconds = 60.0
    poll_seconds = 0.15
    log_delay_ms = 1000  # a line has its timestamp before it is written, on a busy machine long before
    boot_header: str | None = BOOT_HEADER

    def __init__(self, url: str) -> None:
        self.url = url
        self._clients = Clients(
            boto3.Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=self.region),  # noqa: S106
            Config(
                connect_timeout=1,
                read_timeout=20,
                retries={"total_max_attempts": 1},
                max_pool_connections=64,
                s3={"addressing_style": "path"},
                inject_host_prefix=False,
            ),
            endpoint_url=url or None,
        )
        self._lock = threading.Lock()
        self._boot: tuple[float, str] | None = None
        self._bucket_of = ""

    def client(self, service: str) -> Any:
        if not self.url:
            raise TargetDown("The embedded AWS is not running: start the site with `make run`.")
        return self._clients(service)

    def boot_id(self) -> str:
        known = self._boot
        if known and time.monotonic() - known[0] < _BOOT_CACHE_SECONDS:
            return known[1]
        if not self.url:
            raise TargetDown("The embedded AWS is not running: start the site with `make run`.")
        try:
            with urllib.request.urlopen(self.url + BOOT_PATH, timeout=2) as answer:  # noqa: S310 (a configured address)
                boot = str(json.load(answer)["boot_id"])
        except (OSError, ValueError, KeyError) as error:
            self._boot = None
            raise TargetDown("The embedded AWS does not answer; it is probably starting again.") from error
        self._boot = (time.monotonic(), boot)
        return boot

    def bucket(self) -> str:
        boot = self.boot_id()
        name = "labs-artifacts"
        with self._lock:
            if self._bucket_of != boot:
                self.client("s3").create_bucket(Bucket=name)
                self._bucket_of = boot
        return name

    def adapt(self, template: dict[str, Any]) -> dict[str, Any]:
        return template

    def stack_options(self) -> dict[str, Any]:
        return {}

    def upstream(self, endpoint: str) -> str:
        match = _ENDPOINT.fullmatch(endpoint)
        if match is None:
            raise ValueError(f"The stack's Endpoint is no stage of a REST API: {endpoint!r}")
        return f"{self.url}/_aws/execute-api/{match['api']}/{match['stage']}"

    def after_deploy(self, template: Callable[[], Mapping[str, Any]], resources: Resources) -> None:
        fixups.restore_dropped_properties(self.client, template(), resources)

    def before_delete(self, resources: Resources) -> None:
        fixups.end_workers(self.client, resources)

    def uses(self, resources: Resources, since: float) -> list[Use] | None:
        logical = {key: name for name, resource in resources.items() for key in counted_as(resource)}
        asked = {"resources": list(logical), "since": since}
        request = urllib.request.Request(  # noqa: S310 (a configured address)
            self.url + uses_door.USES_PATH,
            data=json.dumps(asked).encode(),
            headers={uses_door.SECRET_HEADER: uses_door.site_secret()},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
                rows = json.load(answer)["uses"]
        except (OSError, ValueError, KeyError):
            return None
        from catalogue.patterns.runs.document import Use

        return [
            Use(
                service=service,
                operation=operation,
                resource=logical[service, name],
                count=count,
                units=units,
                at=() if service in _SEEN_OTHERWISE else tuple(round((moment - since) * 1000, 1) for moment in at),
            )
            for service, name, operation, count, units, at in rows
        ]
