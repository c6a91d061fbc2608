"""What a template costs by the hour, whether anybody calls it or not."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from catalogue.patterns.template import Template

HOURS_A_MONTH = 730
"""What AWS's own calculator takes for a month: https://docs.aws.amazon.com/pricing-calculator/latest/userguide/"""
POLLERS = 5
"""Batches that Lambda reads at a time: https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-scaling.html"""
LONGEST_POLL_SECONDS = 20
"""https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-short-and-long-polling.html"""


@dataclass(frozen=True)
class Standing:
    """A cost that time brings. `per_hour` is in what the price counts."""

    key: str
    resource: str
    what: str
    per_hour: Decimal
    assumed: bool = False
    """Reckoned from AWS's documents and not seen in the run: it is part of a month, and of no run."""


def standing(template: Template) -> tuple[Standing, ...]:
    """Stage caches, secrets, and the polling of queues by event sources, in the order of the file."""
    return tuple(_standing(template))


def _standing(template: Template) -> Iterator[Standing]:
    for resource in template.resources.values():
        match resource.type:
            case "AWS::ApiGateway::Stage" if _truth(resource.property("CacheClusterEnabled")):
                size = resource.property("CacheClusterSize", default="0.5")
                key = f"apigateway.cache-{size}gb"
                yield Standing(key, resource.id, f"{size} GB cache of {resource.id}, used or idle", Decimal(1))
            case "AWS::SecretsManager::Secret":
                a_month = Decimal(1) / HOURS_A_MONTH
                yield Standing("secretsmanager.secret", resource.id, f"keeping {resource.id}", a_month)
            case "AWS::Lambda::EventSourceMapping":
                queue = _queue(resource.property("EventSourceArn"), template)
                if queue is not None:
                    polls = Decimal(POLLERS * 3600 // LONGEST_POLL_SECONDS)
                    what = f"{resource.id} polling {queue}, at most, when it is empty all the time"
                    yield Standing(queue_key(template, queue), queue, what, polls, assumed=True)


def queue_key(template: Template, queue: str | None) -> str:
    """The price key of requests to this queue."""
    resource = template.resources.get(queue or "")
    fifo = resource is not None and _truth(resource.property("FifoQueue"))
    return "sqs.fifo-requests" if fifo else "sqs.standard-requests"


def _queue(source: Any, template: Template) -> str | None:
    """Logical id of the queue that an EventSourceArn refers to; None for a stream."""
    named = source.get("Fn::GetAtt") if isinstance(source, Mapping) else None
    logical = named.split(".")[0] if isinstance(named, str) else str(named[0]) if named else ""
    resource = template.resources.get(logical)
    return logical if resource is not None and resource.type == "AWS::SQS::Queue" else None


def _truth(value: Any) -> bool:
    return value is True or str(value).lower() == "true"
