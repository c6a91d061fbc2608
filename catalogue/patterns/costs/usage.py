"""What a run used, in what AWS's prices count: pure, from the run document and its template."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalogue.patterns.costs.standing import queue_key, standing
from catalogue.patterns.prices import price_book
from catalogue.patterns.runs.document import Invocation, Log, Request, Run, Use
from catalogue.patterns.template import Template, referenced_ids

BYTES_A_GB = 2**30
_DYNAMODB_READS = {"GetItem", "BatchGetItem", "Query", "Scan", "TransactGetItems", "Read"}
_S3_PUT_CLASS = {
    *("PutObject", "CopyObject", "PostObject", "ListObjects", "ListObjectsV2", "ListBuckets"),
    *("CreateMultipartUpload", "UploadPart", "UploadPartCopy", "CompleteMultipartUpload", "ListObjectVersions"),
}
"""https://aws.amazon.com/s3/pricing/: PUT, COPY, POST and LIST; deletions are free, all others cost as GET does."""
_S3_FREE = {"DeleteObject", "DeleteObjects", "AbortMultipartUpload"}
_GATEWAY = "api-gateway"
_EXPLAINS = {_GATEWAY: {"UnchargedRequest", "Refusal", "CacheHit", "DirectIntegration", "AuthorizerCacheHit"}}
"""Operations that are counted for what they tell (see `avoided`); the price is that of the request itself."""


@dataclass(frozen=True)
class Part:
    """One thing counted: `SendMessage to OrderQueue`, 50 times."""

    what: str
    count: int
    quantity: Decimal
    """In what the price counts."""
    how: str = ""
    """How the quantity follows from the count, where it is not the count itself."""


@dataclass(frozen=True)
class Quantity:
    """All parts that one price is for."""

    key: str
    parts: tuple[Part, ...]
    standing: bool = False

    @property
    def quantity(self) -> Decimal:
        return sum((part.quantity for part in self.parts), Decimal(0))


@dataclass(frozen=True)
class Usage:
    requests: int
    """Calls of the visitor that reached the gateway, charged or not."""
    quantities: tuple[Quantity, ...]
    """In the order of the price book."""
    unpriced: tuple[str, ...]
    """What was counted and has no price in the book."""


def usage(run: Run, template: Template) -> Usage:
    """Everything that the run used. Counts of the target come first; events stand in where it has none."""
    gathered: dict[tuple[str, bool], list[Part]] = {}
    unpriced: list[str] = []
    for key, part in (*_gateway(run, template), *_invocations(run, template), *_others(run.uses, template)):
        if key in price_book().prices:
            gathered.setdefault((key, False), []).append(part)
        else:
            unpriced.append(f"{part.what}: {part.count}")
    hours = Decimal(str(run.ms)) / 3_600_000
    for one in standing(template):
        if one.assumed:
            continue
        if one.key in price_book().prices:
            part = Part(one.what, 1, one.per_hour * hours, f"for the {seconds(run.ms)} of this run")
            gathered.setdefault((one.key, True), []).append(part)
        else:
            unpriced.append(one.what)
    order = list(price_book().prices)
    quantities = sorted(gathered.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
    return Usage(
        requests_of(run),
        tuple(Quantity(key, tuple(parts), stands) for (key, stands), parts in quantities),
        tuple(unpriced),
    )


def requests_of(run: Run) -> int:
    """Calls that reached the gateway."""
    counted = [use.count for use in run.uses if _is(use, _GATEWAY, "Request", "UnchargedRequest")]
    return sum(counted) if counted else sum(isinstance(event, Request) for event in run.events)


def authorizers(template: Template) -> set[str]:
    """Logical ids of the functions that decide who may pass."""
    found: set[str] = set()
    for resource in template.of_type("AWS::ApiGateway::Authorizer"):
        found |= referenced_ids(resource.property("AuthorizerUri", default=""))
    return {id for id in found if id in template.resources}


def behind_the_gateway(template: Template) -> set[str]:
    """Logical ids of the functions that the API's methods lead to."""
    found: set[str] = set()
    for method in template.of_type("AWS::ApiGateway::Method"):
        found |= referenced_ids(method.property("Integration", "Uri", default=""))
    return {id for id in found if id in template.resources}


def refused_for_identity(run: Run, template: Template) -> int:
    """Calls that ended in 401 or 403 before any function but an authorizer: AWS does not charge them.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-pricing.html
    """
    guards = authorizers(template)
    if not guards:
        return 0
    reached = {
        event.trace for event in run.events if isinstance(event, (Invocation, Log)) and event.function not in guards
    }
    return sum(
        isinstance(event, Request) and event.status in (401, 403) and event.trace not in reached for event in run.events
    )


def seconds(ms: float) -> str:
    """`4.2 s`, `12 min`."""
    return f"{ms / 1000:.1f} s" if ms < 120_000 else f"{ms / 60_000:.0f} min"


def _is(use: Use, service: str, *operations: str) -> bool:
    return use.service == service and use.operation in operations


def _gateway(run: Run, template: Template) -> Iterator[tuple[str, Part]]:
    counted = [use for use in run.uses if _is(use, _GATEWAY, "Request")]
    if any(use.service == _GATEWAY for use in run.uses):
        for use in counted:
            yield _gateway_key(template, use.resource), Part(f"calls of {use.resource}", use.count, _decimal(use.units))
        return
    charged = requests_of(run) - refused_for_identity(run, template)
    if charged:
        apis = [*template.of_type("AWS::ApiGateway::RestApi", "AWS::ApiGatewayV2::Api")]
        api = apis[0].id if apis else None
        yield _gateway_key(template, api), Part(f"calls of {api or 'the API'}", charged, Decimal(charged))


def _gateway_key(template: Template, api: str | None) -> str:
    resource = template.resources.get(api or "")
    http = resource is not None and resource.type == "AWS::ApiGatewayV2::Api"
    return "apigateway.http-requests" if http else "apigateway.rest-requests"


@dataclass
class Work:
    """All invocations of one function."""

    count: int = 0
    gb_seconds: Decimal = Decimal(0)
    billed_ms: int | None = None
    memory_mb: int = 0


def work_of(run: Run) -> dict[str, Work]:
    """Each function's work by logical id, as the target counted it or else by the REPORT lines."""
    work: dict[str, Work] = {}
    counted = [use for use in run.uses if _is(use, "lambda", "Invoke")]
    for use in counted:
        own = work.setdefault(use.resource or "a function", Work())
        own.count += use.count
        own.gb_seconds += _decimal(use.units)
    for event in () if counted else run.events:
        if isinstance(event, Invocation):
            own = work.setdefault(event.function, Work(billed_ms=0))
            own.count += 1
            own.billed_ms = (own.billed_ms or 0) + event.billed_ms
            own.memory_mb = event.memory_mb
            own.gb_seconds += gb_seconds(event.billed_ms, event.memory_mb)
    return work


def _invocations(run: Run, template: Template) -> Iterator[tuple[str, Part]]:
    """Requests and GB-seconds of each function."""
    work = work_of(run)
    for function, own in work.items():
        yield "lambda.requests", Part(f"invocations of {function}", own.count, Decimal(own.count))
    for function, own in work.items():
        memory = own.memory_mb or _memory(template, function)
        billed = own.gb_seconds * 1024 * 1000 / memory if own.billed_ms is None else Decimal(own.billed_ms)
        how = f"{billed:,.0f} billed ms at {memory:,} MB"
        yield duration_key(template, function), Part(f"duration of {function}", own.count, own.gb_seconds, how)


def gb_seconds(billed_ms: int, memory_mb: int) -> Decimal:
    """https://aws.amazon.com/lambda/pricing/: time in seconds times memory in GB of 1,024 MB."""
    return Decimal(billed_ms) / 1000 * Decimal(memory_mb) / 1024


def duration_key(template: Template, function: str) -> str:
    """The price key of a function's duration: x86_64 unless its template says otherwise."""
    resource = template.resources.get(function)
    architectures = resource.property("Architectures", default=()) if resource else ()
    return "lambda.duration-arm" if "arm64" in architectures else "lambda.duration-x86"


def _memory(template: Template, function: str) -> int:
    resource = template.resources.get(function)
    memory = resource.property("MemorySize", default=128) if resource else 128
    return memory if isinstance(memory, int) else 128


def _others(uses: Iterable[Use], template: Template) -> Iterator[tuple[str, Part]]:
    for use in uses:
        if use.service in (_GATEWAY, "lambda"):
            if use.operation not in {"Request", "Invoke", *_EXPLAINS.get(use.service, ())}:
                yield "", _part(use)
            continue
        key = _key(use, template)
        if key is not None:
            yield key, _part(use)


def _key(use: Use, template: Template) -> str | None:
    """The price key of a use; empty if there is none, None if AWS asks nothing for it."""
    match use.service, use.operation:
        case "sqs", _:
            return queue_key(template, use.resource)
        case "sns", "Publish" | "PublishBatch":
            return "sns.publishes"
        case "sns", "DeliverToSQS":
            return "sns.sqs-deliveries"
        case "sns", "DeliverToLambda":
            return "sns.lambda-deliveries"
        case "dynamodb", "GetRecords":  # by Lambda: https://aws.amazon.com/dynamodb/pricing/on-demand/
            return None
        case "dynamodb", operation:
            return "dynamodb.read-requests" if operation in _DYNAMODB_READS else "dynamodb.write-requests"
        case "s3", operation if operation in _S3_FREE:
            return None
        case "s3", operation:
            return "s3.put-requests" if operation in _S3_PUT_CLASS else "s3.get-requests"
        case "eventbridge", "PutEvents":
            return "eventbridge.events"
        case "step-functions", "StateTransition":
            return "stepfunctions.transitions"
        case "secrets-manager", _:
            return "secretsmanager.calls"
        case "cloudwatch", "PutLogEvents":
            return "cloudwatch.logs-ingestion"
    return ""


_UNITS: Mapping[tuple[str, str], str] = {
    ("dynamodb", ""): "units",
    ("sqs", ""): "chunks of 64 KB",
    ("sns", ""): "chunks of 64 KB",
    ("eventbridge", ""): "chunks of 64 KB",
}


def _part(use: Use) -> Part:
    if (use.service, use.operation) == ("cloudwatch", "PutLogEvents"):
        how = f"{use.count:,} lines, {use.units:,.0f} bytes"
        return Part(f"log lines of {use.resource}", use.count, _decimal(use.units) / BYTES_A_GB, how)
    where = f" on {use.resource}" if use.resource else ""
    units = _decimal(use.units)
    how = f"{use.count:,} of them, {units:f} {_UNITS.get((use.service, ''), 'units')}" if units != use.count else ""
    return Part(f"{use.operation}{where}", use.count, units, how)


def _decimal(number: Any) -> Decimal:
    return Decimal(str(number)).normalize()
