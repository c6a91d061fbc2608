"""CloudWatch in labs: the log data of what runs code."""

from collections.abc import Callable
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.services.model import LabService, Metric

LINE_OVERHEAD = 26
"""Bytes that CloudWatch Logs adds to each line:
https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutLogEvents.html"""


def count(counter: Counter) -> None:
    """The lines that each invocation leaves. The emulator writes a function's log in one piece."""
    from ministack.services import lambda_svc

    emit: Callable[..., None] = lambda_svc._emit_lambda_logs

    def emit_counting(func: dict[str, Any], request_id: str, log_text: str, *args: Any, **kwargs: Any) -> None:
        name = str((func.get("config") or func).get("FunctionName", ""))
        lines = (log_text or "").splitlines()
        size = sum(len(line.encode()) + LINE_OVERHEAD for line in lines)
        counter.add("cloudwatch", name, "PutLogEvents", size, len(lines))
        emit(func, request_id, log_text, *args, **kwargs)

    lambda_svc._emit_lambda_logs = emit_counting


SERVICE = LabService(
    key="cloudwatch",
    counts_logs=True,
    uses=frozenset({"PutLogEvents"}),
    count=count,
    seen_otherwise=True,
    log_metrics=(Metric("AWS/Logs", "IncomingBytes", "LogGroupName", "PutLogEvents", "IncomingLogEvents"),),
    on_aws=("AWS::CloudWatch::Alarm",),
)
