"""Real AWS as a target: credentials by boto3's usual chain, limits by the account's own policies.

Settings: AWS_REGION, LABS_BUCKET (made if empty), LABS_ROLE_ARN (CloudFormation's service role),
LABS_PERMISSIONS_BOUNDARY (put on every role a lab makes).
"""

from __future__ import annotations

import copy
import logging
import re
import threading
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from catalogue.labs.operations.permissions import delete_denials
from catalogue.labs.targets import Resources, TargetDown
from catalogue.labs.targets.clients import Clients
from catalogue.labs.targets.cloudwatch import reported_uses

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.runs.document import Use

logger = logging.getLogger(__name__)

_ENDPOINT = re.compile(r"https://[a-z0-9]+\.execute-api\.[a-z0-9-]+\.amazonaws\.com(\.cn)?/[\w-]+/?")
_EXPIRE_ARTIFACTS_DAYS = 1


class AwsTarget:
    name = "aws"
    patience = 0.0
    deploy_seconds = 900.0
    poll_seconds = 2.0
    log_delay_ms = 10_000
    boot_header: str | None = None

    def __init__(self, region: str, session: boto3.Session | None = None, endpoint_url: str | None = None) -> None:
        self.region = region
        self._clients = Clients(
            session or boto3.Session(region_name=region),
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

    def client(self, service: str) -> Any:
        return self._clients(service)

    def boot_id(self) -> str:
        return "aws"

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
            raise TargetDown(f"AWS gives no bucket for the labs' code: {error}") from error
        return name

    def adapt(self, template: dict[str, Any]) -> dict[str, Any]:
        return with_boundary(template, settings.LABS_PERMISSIONS_BOUNDARY)

    def stack_options(self) -> dict[str, Any]:
        return {"RoleARN": settings.LABS_ROLE_ARN} if settings.LABS_ROLE_ARN else {}

    def upstream(self, endpoint: str) -> str:
        if not _ENDPOINT.fullmatch(endpoint):
            raise ValueError(f"The stack's Endpoint is no stage of a REST API: {endpoint!r}")
        return endpoint.rstrip("/")

    def after_deploy(self, template: Callable[[], Mapping[str, Any]], resources: Resources) -> None:
        """Nothing: CloudFormation has done it all."""

    def before_delete(self, resources: Resources) -> None:
        """Take back what levers denied: CloudFormation deletes no role that holds a policy of somebody else's.

        Deleting the stack stops its functions by itself.
        """
        delete_denials(self.client("iam"), resources)

    def uses(self, resources: Resources, since: float) -> list[Use] | None:
        try:
            return reported_uses(self.client, resources, since)
        except (BotoCoreError, ClientError) as error:
            logger.warning("CloudWatch tells no uses: %s", error)
            return None


def with_boundary(template: dict[str, Any], boundary: str) -> dict[str, Any]:
    """A copy of the template in which every role, SAM's own included, has this permissions boundary."""
    if not boundary:
        return template
    bounded = copy.deepcopy(template)
    for resource in bounded["Resources"].values():
        if resource["Type"] in {"AWS::IAM::Role", "AWS::Serverless::Function"}:
            resource.setdefault("Properties", {})["PermissionsBoundary"] = boundary
    return bounded


@lru_cache(maxsize=1)
def aws_target() -> AwsTarget:
    return AwsTarget(settings.AWS_REGION)
