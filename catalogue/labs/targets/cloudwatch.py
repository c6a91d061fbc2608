"""What a stack on AWS was used for, by CloudWatch's metrics: late by minutes, and by whole minutes.

Which metric counts an operation is in `catalogue/labs/services/`. Invocations are read from REPORT lines of functions,
which tell billed milliseconds; no metric does.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from catalogue.labs.services.model import Metric
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets.base import Resources

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.runs.document import Use

PERIOD_SECONDS = 60
_MOST_QUERIES = 500
"""https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html"""


def reported_uses(client: Callable[[str], Any], resources: Resources, since: float) -> list[Use]:
    """What CloudWatch has reported so far for the minutes from `since` on. Raises ClientError, BotoCoreError."""
    wanted = list(_wanted(client, resources))
    queries = []
    for number, (_, _, name, metric) in enumerate(wanted):
        queries.append(_query(f"m{number}", metric, metric.name, name))
        if metric.counts:
            queries.append(_query(f"c{number}", metric, metric.counts, name))
    sums: dict[str, float] = {}
    start = math.floor(since / PERIOD_SECONDS) * PERIOD_SECONDS
    for first in range(0, len(queries), _MOST_QUERIES):
        asked = {
            "MetricDataQueries": queries[first : first + _MOST_QUERIES],
            "StartTime": datetime.fromtimestamp(start, UTC),
            "EndTime": datetime.now(UTC),
        }
        while True:
            answer = client("cloudwatch").get_metric_data(**asked)
            for result in answer["MetricDataResults"]:
                sums[result["Id"]] = sums.get(result["Id"], 0) + sum(result["Values"])
            if not answer.get("NextToken"):
                break
            asked["NextToken"] = answer["NextToken"]
    # It loads the schemas of content, which not every process needs.
    from catalogue.patterns.runs.document import Use

    uses = []
    for number, (logical, service, _, metric) in enumerate(wanted):
        units = sums.get(f"m{number}", 0)
        count = sums.get(f"c{number}", 0) if metric.counts else units
        if units:
            uses.append(
                Use(
                    service=service,
                    operation=metric.operation,
                    resource=logical,
                    count=math.ceil(count),
                    units=units,
                )
            )
    return uses


def _wanted(client: Callable[[str], Any], resources: Resources) -> Iterator[tuple[str, str, str, Metric]]:
    """Logical id, service, value of the metric's dimension, and metric."""
    services, groups = lab_services().services, lab_services().log_groups
    for logical, resource in resources.items():
        for service in services:
            if metrics := service.metrics.get(resource.type):
                dimension = service.dimension
                name = service.name_of(resource.id) if dimension is None else dimension(client, resource)
                yield from ((logical, service.key, name, metric) for metric in metrics)
            if resource.type in groups:
                group = groups[resource.type].format(resource.id)
                yield from ((logical, service.key, group, metric) for metric in service.log_metrics)


def _query(id: str, metric: Metric, name: str, value: str) -> dict[str, Any]:
    return {
        "Id": id,
        "ReturnData": True,
        "MetricStat": {
            "Metric": {
                "Namespace": metric.namespace,
                "MetricName": name,
                "Dimensions": [{"Name": metric.dimension, "Value": value}],
            },
            "Period": PERIOD_SECONDS,
            "Stat": "Sum",
        },
    }
