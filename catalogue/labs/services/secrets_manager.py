"""Secrets in labs: the counting of API calls."""

import json
import re
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.counting.usage_caller import count_requests
from catalogue.labs.services.model import LabService, Leftover

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  (a type's name)
_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")


def name_of(name: str) -> str:
    """A secret's ARN ends with six characters that are not in its name."""
    tail = name.rsplit(":secret:", 1)
    return _SUFFIX.sub("", tail[1]) if len(tail) == 2 else name


def count(counter: Counter) -> None:
    from ministack.services import secretsmanager

    def secret(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, Any]) -> None:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        counter.add("secrets-manager", str(json.loads(body or b"{}").get("SecretId", "")), operation)

    count_requests(secretsmanager, secret)


SERVICE = LabService(
    key="secrets-manager",
    arns={SECRET: lambda client, arn: [arn]},
    counted=(SECRET,),
    uses=frozenset({"GetSecretValue", "PutSecretValue", "DescribeSecret", "UpdateSecret"}),
    count=count,
    name_of=name_of,
    on_aws=(SECRET,),
    leftovers=(
        Leftover(
            re.compile(r"arn:[^:]+:secretsmanager:[^:]+:\d{12}:secret:.+"),
            lambda client, arn: client("secretsmanager").delete_secret(SecretId=arn, ForceDeleteWithoutRecovery=True),
        ),
    ),
)
