"""The embedded AWS as a target. What differs from AWS itself stands here and in `catalogue.labs.embedded`."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import Credentials, ReadOnlyCredentials

from catalogue.base.target_names import EMBEDDED, TargetName
from catalogue.labs.embedded.access.boot_keys import boot_at, keys_of_boot
from catalogue.labs.embedded.access.guard import BOOT_HEADER
from catalogue.labs.embedded.access.site_endpoint import ask, site_secret
from catalogue.labs.embedded.counting.usage_endpoint import USES_PATH
from catalogue.labs.embedded.fixes import fixups
from catalogue.labs.embedded.peek_endpoint import PEEK_PATH
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets.base import Door, Resources, TargetDown, TargetStarting
from catalogue.labs.targets.clients import Clients

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.labs.models import Lab
    from catalogue.patterns.runs.document import Use

LOOPBACK = "127.0.0.1"
_BOOT_CACHE_SECONDS = 0.5
_NOT_RUNNING = "The embedded AWS is not running: start the site with `make run`."
_STARTING = "The embedded AWS does not respond. It is probably restarting."
_NOT_ANSWERING = "The embedded AWS does not answer at the moment."


class EmbeddedTarget:
    name: TargetName = EMBEDDED
    region = "us-east-1"
    patience = 3.0
    deploy_seconds = 60.0
    look_seconds = 0.0
    poll_seconds = 0.15
    log_delay_ms = 1000  # a line has its timestamp before it is written, on a busy machine long before
    boot_header: str | None = BOOT_HEADER
    artifact_prefix = ""

    def __init__(self, url: str) -> None:
        self.url = url
        self._clients = Clients(
            _session(self._boot_keys, self.region),
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
        self._asking = threading.Lock()
        self._boot: tuple[float, str | TargetDown] | None = None
        self._last_boot = ""
        self._bucket_of = ""

    def client(self, service: str) -> Any:
        if not self.url:
            raise TargetDown(_NOT_RUNNING)
        return self._clients(service)

    def boot_id(self) -> str:
        """The boot that answers at this address. What was found, also that nothing answers, is kept for half a second.

        One thread asks at a time, so that a hanging emulator does not hold every thread of the process.
        """
        known = self._boot
        if known is None or time.monotonic() - known[0] >= _BOOT_CACHE_SECONDS:
            with self._asking:
                known = self._boot
                if known is None or time.monotonic() - known[0] >= _BOOT_CACHE_SECONDS:
                    found: str | TargetDown
                    try:
                        found = self._last_boot = self._ask_boot()
                    except TargetDown as down:
                        found = down
                    known = self._boot = (time.monotonic(), found)
        if isinstance(known[1], TargetDown):
            raise type(known[1])(*known[1].args)  # one that is raised twice would keep growing its traceback
        return known[1]

    def boot_for_work(self) -> str:
        self.boot_id()  # of a hanging one, all threads learn by one question
        return self._ask_boot(work_comes=True)

    def _ask_boot(self, *, work_comes: bool = False) -> str:
        if not self.url:
            raise TargetDown(_NOT_RUNNING)
        try:
            return boot_at(self.url, work_comes=work_comes)
        except (OSError, HTTPException, ValueError, LookupError, TypeError) as error:
            raise TargetStarting(_STARTING) if _is_starting(error) else TargetDown(_NOT_ANSWERING) from None

    def _boot_keys(self) -> ReadOnlyCredentials:
        """The site's keys of the boot that runs now; of the last one seen while none answers."""
        try:
            boot = self.boot_id()
        except TargetDown:  # the request that is being signed will say so
            boot = self._last_boot
        keys = keys_of_boot(site_secret(), boot)
        return ReadOnlyCredentials(keys.access_key, keys.secret_key, None)

    def bucket(self) -> str:
        boot = self.boot_id()
        name = "labs-artifacts"
        with self._lock:
            if self._bucket_of != boot:
                self.client("s3").create_bucket(Bucket=name)
                self._bucket_of = boot
        return name

    def adapt(self, template: dict[str, Any]) -> dict[str, Any]:
        for service in lab_services().services:
            if service.adapt is not None:
                for resource in template["Resources"].values():
                    service.adapt(resource)
        return template

    def stack_options(self) -> dict[str, Any]:
        return {}

    def gate(self) -> None:
        """Nothing: the site's own limits are all."""

    def progress(self, stack: str) -> None:
        """Nothing: a deployment is over before anybody asks."""

    def settle(self, lab: Lab) -> None:
        """Nothing: it costs nothing."""

    def upstream(self, endpoint: str) -> str:
        for form in lab_services().endpoints:
            match = form.on_aws.fullmatch(endpoint) or (form.emulated and form.emulated.fullmatch(endpoint))
            if match:
                return self.url + form.embedded.format(**match.groupdict())
        raise ValueError(f"The stack's Endpoint is not an address that a lab can call: {endpoint!r}")

    def doors(self, resources: Resources) -> tuple[Door, ...]:
        """Functions see the emulator at the loopback address, on the port that it has everywhere."""
        host = f"{LOOPBACK}:{urlsplit(self.url).port}"
        found = []
        for logical, resource in resources.items():
            if (known := lab_services().presigned.get(resource.type)) is not None:
                key, presigned = known
                path = presigned.embedded.format(id=resource.id)
                found.append(
                    Door(
                        logical,
                        *(resource.id, resource.type, f"/_{key}/{resource.id}"),
                        signed=f"http://{host}{path}",
                        upstream=self.url + path,
                        host=host,
                        moved=True,
                    )
                )
        return tuple(found)

    def after_deploy(self, template: Callable[[], Mapping[str, Any]], resources: Resources) -> None:
        fixups.restore_dropped_properties(self.client, template(), resources)

    def before_delete(self, resources: Resources) -> None:
        for service in lab_services().services:
            if service.before_delete_embedded is not None:
                service.before_delete_embedded(self.client, resources)

    def uses(self, resources: Resources, since: float) -> list[Use] | None:
        services = lab_services()
        logical = {
            (key, resource.id): name
            for name, resource in resources.items()
            for key in services.counted_as(resource.type)
        }
        try:
            rows = ask(self.url + USES_PATH, {"resources": list(logical), "since": since})["uses"]
        except (OSError, ValueError, KeyError):
            return None
        # It loads the schemas of content, which not every process needs.
        from catalogue.patterns.runs.document import Use

        return [
            Use(
                service=service,
                operation=operation,
                resource=logical[service, name],
                count=count,
                units=units,
                at=()
                if service in services.seen_otherwise
                else tuple(round((moment - since) * 1000, 1) for moment in at),
            )
            for service, name, operation, count, units, at in rows
        ]

    def peek(self, service: str, physical: str) -> list[dict[str, Any]] | None:
        try:
            held: list[dict[str, Any]] | None = ask(self.url + PEEK_PATH, {"service": service, "resource": physical})[
                "held"
            ]
        except (OSError, ValueError, KeyError):
            raise TargetDown(_NOT_ANSWERING) from None
        return held


def _is_starting(error: Exception) -> bool:
    """Whether nothing listens, or the connection ended without an answer, or a 503 said so; not a time-out."""
    if isinstance(error, HTTPError):
        return error.code == 503
    cause = error.reason if isinstance(error, URLError) else error
    return isinstance(cause, ConnectionError)


class _BootCredentials(Credentials):
    """Credentials that are looked up for each request, since another boot of the emulator has others."""

    def __init__(self, keys: Callable[[], ReadOnlyCredentials]) -> None:
        super().__init__("of", "the boot")
        self._keys = keys

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        return self._keys()


def _session(keys: Callable[[], ReadOnlyCredentials], region: str) -> boto3.Session:
    core: Any = botocore.session.get_session()
    core._credentials = _BootCredentials(keys)  # what botocore's own credential loaders would set
    return boto3.Session(botocore_session=core, region_name=region)
