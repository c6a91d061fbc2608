"""Lambda functions in labs: what their logs show, their levers, and the counting of invocations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.labs.services.lambda_ import contents, counting, fixups, operations, permissions
from catalogue.labs.services.lambda_.types import FUNCTION, MAPPING, SAM_FUNCTION
from catalogue.labs.services.model import Arrow, ClientOf, Endpoint, LabService, Leftover, LogMeasured
from catalogue.labs.watching import gauges

_GROUP = "/aws/lambda/{}"


def _invocations(of: LogMeasured, *, failed_only: bool = False) -> int:
    group = _GROUP.format(of.resource.id)
    return gauges.count_invocations(of.target, of.logical, group, of.since_ms, failed_only=failed_only)


def _errors(of: LogMeasured) -> int:
    return _invocations(of, failed_only=True)


def _logged(of: LogMeasured) -> int:
    return len(gauges.read_log(of.target, of.logical, _GROUP.format(of.resource.id), of.since_ms, of.text))


def arns(client: ClientOf, name: str) -> list[str]:
    return [str(client("lambda").get_function_configuration(FunctionName=name)["FunctionArn"])]


def not_emulated(arrow: Arrow) -> str | None:
    if arrow.kind == "dead-letter" and arrow.source in (FUNCTION, SAM_FUNCTION):
        return "CloudFormation of the embedded AWS drops a function's dead-letter queue."
    return None


def _addresses(resources: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    for id, resource in resources.items():
        if resource.get("Type") == "AWS::Lambda::Url":
            yield {"Fn::GetAtt": [id, "FunctionUrl"]}


SERVICE = LabService(
    key="lambda",
    clients=("lambda",),
    contents={FUNCTION: contents.read},
    log_groups={FUNCTION: _GROUP},
    log_measures={"invocations": _invocations, "errors": _errors, "logged": _logged},
    operations={
        "disable-event-source": operations.set_event_source(False),
        "enable-event-source": operations.set_event_source(True),
        "set-concurrency": operations.set_concurrency,
        "clear-concurrency": operations.clear_concurrency,
        "set-maximum-concurrency": operations.set_maximum_concurrency,
        "set-batch-size": operations.set_batch_size,
        "set-environment": operations.set_environment,
        "invoke": operations.invoke,
        "revoke-permission": permissions.revoke_permission,
        "restore-permission": permissions.restore_permission,
    },
    arns={FUNCTION: arns},
    counted=(FUNCTION,),
    uses=frozenset({"Invoke"}),
    count=counting.count,
    seen_otherwise=True,
    endpoints=(
        Endpoint(
            re.compile(r"https://(?P<url>[a-z0-9-]+)\.lambda-url\.[a-z0-9-]+\.on\.aws/?"), "/_aws/lambda-url/{url}"
        ),
    ),
    addresses=_addresses,
    code={
        SAM_FUNCTION: ("CodeUri", "Bucket", "Key"),
        "AWS::Serverless::LayerVersion": ("ContentUri", "Bucket", "Key"),
        FUNCTION: ("Code", "S3Bucket", "S3Key"),
        "AWS::Lambda::LayerVersion": ("Content", "S3Bucket", "S3Key"),
    },
    not_emulated=not_emulated,
    restore=fixups.restore,
    before_delete_embedded=fixups.end_workers,
    on_aws=(MAPPING, FUNCTION, "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission", SAM_FUNCTION),
    has_boundary=(SAM_FUNCTION,),
    leftovers=(
        Leftover(
            re.compile(r"arn:[^:]+:lambda:[^:]+:\d{12}:function:[^:]+"),
            lambda client, arn: client("lambda").delete_function(FunctionName=arn.rpartition(":")[2]),
        ),
    ),
)
