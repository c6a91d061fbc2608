"""Real AWS as a target. What it takes to run strangers' labs there is in `catalogue.labs.aws`; guide: docs/aws.md."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from catalogue.base.target_names import AWS, TargetName
from catalogue.labs.aws.boundary import adapted
from catalogue.labs.aws.credentials import lab_session
from catalogue.labs.aws.limits.budget import note_spent
from catalogue.labs.aws.limits.gate import AccountGate
from catalogue.labs.aws.progress import Progress, ProgressReader
from catalogue.labs.aws.reckoning import cost_of
from catalogue.labs.aws.site import site_prefix
from catalogue.labs.lifecycle.limits import Gate
from catalogue.labs.models import Lab
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets.base import Door, Resources, TargetDown
from catalogue.labs.targets.clients import Clients
from catalogue.labs.targets.cloudwatch import reported_uses

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.runs.document import Use

logger = logging.getLogger(__name__)

_EXPIRE_ARTIFACTS_DAYS = 1


class AwsTarget:
    name: TargetName = AWS
    patience = 0.0
    deploy_seconds = 900.0
    look_seconds = 2.0  # CloudFormation throttles DescribeStacks for the whole account
    poll_seconds = 2.0
    log_delay_ms = 10_000
    boot_header: str | None = None

    def __init__(self, region: str, session: boto3.Session | None = None, endpoint_url: str | None = None) -> None:
        self.region = region
        self._clients = Clients(
            session or lab_session(region, endpoint_url),
            Config(
                connect_timeout=3,
                read_timeout=20,
                retries={"mode": "standard", "total_max_attempts": 4},
                max_pool_connections=32,
            ),
            endpoint_url=endpoint_url,
        )
        self._lock = threading.Lock()
        self._bucket = ""
        self._gate = AccountGate(self.client)
        self._progress = ProgressReader()

    @property
    def artifact_prefix(self) -> str:
        """Of this site: several may share a bucket."""
        return site_prefix().removesuffix("-") + "/"

    def client(self, service: str) -> Any:
        return self._clients(service)

    def boot_id(self) -> str:
        return AWS

    def boot_for_work(self) -> str:
        return self.boot_id()

    def bucket(self) -> str:
        with self._lock:
            if not self._bucket:
                self._bucket = settings.LABS_BUCKET or self._own_bucket()
            return self._bucket

    def _own_bucket(self) -> str:
        """A private bucket named for account and region; what lies in it is removed after a day."""
        try:
            account = self.client("sts").get_caller_identity()["Account"]
            name = f"{settings.LABS_STACK_PREFIX}-{account}-{self.region}"
            s3 = self.client("s3")
            place = (
                {} if self.region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": self.region}}
            )
            try:
                s3.create_bucket(Bucket=name, **place)
            except s3.exceptions.BucketAlreadyOwnedByYou:
                return name
            s3.put_public_access_block(
                Bucket=name,
                PublicAccessBlockConfiguration={
                    "BlockPublicAcls": True,
                    "IgnorePublicAcls": True,
                    "BlockPublicPolicy": True,
                    "RestrictPublicBuckets": True,
                },
            )
            s3.put_bucket_lifecycle_configuration(
                Bucket=name,
                LifecycleConfiguration={
                    "Rules": [
                        {
                            "ID": "expire-artifacts",
                            "Status": "Enabled",
                            "Filter": {"Prefix": ""},
                            "Expiration": {"Days": _EXPIRE_ARTIFACTS_DAYS},
                        }
                    ]
                },
            )
        except (BotoCoreError, ClientError) as error:
            raise TargetDown(f"The bucket for the labs' code is not available: {error}") from error
        return name

    def adapt(self, template: dict[str, Any]) -> dict[str, Any]:
        """Raises PackagingError if the template asks for what labs may not have here."""
        return adapted(template, settings.LABS_PERMISSIONS_BOUNDARY, self.region)

    def stack_options(self) -> dict[str, Any]:
        return {"RoleARN": settings.LABS_ROLE_ARN} if settings.LABS_ROLE_ARN else {}

    def gate(self) -> Gate:
        return self._gate.open()

    def progress(self, stack: str) -> Progress | None:
        return self._progress.read(self.client("cloudformation"), stack)

    def settle(self, lab: Lab) -> None:
        """A lab that is settled twice is counted twice: the guard then errs on the careful side."""
        try:
            cost = cost_of(self, lab)
            if cost is not None:
                note_spent(cost)
        except Exception:  # whatever is wrong with a price must not keep a stack alive
            logger.exception("The cost of a lab of %s is not known", lab.pattern)

    def upstream(self, endpoint: str) -> str:
        if not any(form.on_aws.fullmatch(endpoint) for form in lab_services().endpoints):
            raise ValueError(f"The stack's Endpoint is not an address that a lab can call: {endpoint!r}")
        return endpoint.rstrip("/")

    def doors(self, resources: Resources) -> tuple[Door, ...]:
        """A visitor sends presigned requests to AWS itself; what the site sends for a demo's steps goes there too."""
        found = []
        for logical, resource in resources.items():
            if (known := lab_services().presigned.get(resource.type)) is not None:
                key, presigned = known
                for form in presigned.on_aws:
                    address = form.format(id=resource.id, region=self.region)
                    host = address.partition("://")[2]
                    path = f"/_{key}/{host}"
                    found.append(Door(logical, resource.id, resource.type, path, address, address, host, moved=False))
        return tuple(found)

    def after_deploy(self, template: Callable[[], Mapping[str, Any]], resources: Resources) -> None:
        """Nothing: CloudFormation has done it all."""

    def before_delete(self, resources: Resources) -> None:
        """Take back what keeps CloudFormation from deleting the stack, such as what levers denied."""
        for service in lab_services().services:
            if service.before_delete_aws is not None:
                service.before_delete_aws(self.client, resources)

    def uses(self, resources: Resources, since: float) -> list[Use] | None:
        try:
            return reported_uses(self.client, resources, since)
        except (BotoCoreError, ClientError) as error:
            logger.warning("CloudWatch returns no usage: %s", error)
            return None

    def peek(self, service: str, physical: str) -> None:
        """Nothing: AWS offers no way."""


@lru_cache(maxsize=1)
def aws_target() -> AwsTarget:
    return AwsTarget(settings.AWS_REGION)
