"""Kinesis streams in labs: the counting of payload units."""

import base64
import binascii
import json
import math
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter
from catalogue.labs.embedded.counting.usage_caller import count_requests
from catalogue.labs.services.model import LabService

STREAM = "AWS::Kinesis::Stream"
PAYLOAD_UNIT = 25 * 1024
"""Bytes of a record that one PUT payload unit holds: https://aws.amazon.com/kinesis/data-streams/pricing/"""


def payload_units(record: Any) -> int:
    """Of one record, which is charged by itself also in a batch."""
    try:
        size = len(base64.b64decode(str(record.get("Data", ""))))
    except binascii.Error:
        size = 0
    return max(1, math.ceil(size / PAYLOAD_UNIT))


def count(counter: Counter) -> None:
    from ministack.services import kinesis

    def records(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, Any]) -> None:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if operation in ("PutRecord", "PutRecords"):
            asked = json.loads(body or b"{}")
            stream = str(asked.get("StreamName") or asked.get("StreamARN") or "")
            put = asked.get("Records") or [asked]
            counter.add("kinesis", stream, operation, sum(payload_units(record) for record in put))

    count_requests(kinesis, records)


SERVICE = LabService(key="kinesis", counted=(STREAM,), uses=frozenset({"PutRecord", "PutRecords"}), count=count)
