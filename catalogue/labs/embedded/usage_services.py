"""Counts in the emulator's SQS, SNS, DynamoDB and others: handlers' requests, and what services do among themselves."""

import json
import zlib
from collections.abc import Awaitable, Callable
from typing import Any

from catalogue.labs.embedded import capacity
from catalogue.labs.embedded.counter import Counter, chunks
from catalogue.labs.embedded.usage_caller import by_a_handler


def count_queues(counter: Counter) -> None:
    """Requests of handlers and of the gateway, and what an event source asks for while it has work."""
    from ministack.services import sqs

    dispatch: Callable[..., Awaitable[dict[str, Any]]] = sqs._dispatch
    receive: Callable[..., list[dict[str, Any]]] = sqs._receive_messages_for_esm
    delete: Callable[..., None] = sqs._delete_messages_for_esm

    async def dispatch_counting(action: str, data: dict[str, Any], queue: str) -> dict[str, Any]:
        result = await dispatch(action, data, queue)
        if by_a_handler.get():
            counter.add("sqs", queue, action, chunks(_payload(action, data, result)))
        return result

    def receive_counting(queue: str, most: int) -> list[dict[str, Any]]:
        batch = receive(queue, most)
        if batch:
            counter.add("sqs", queue, "ReceiveMessage", chunks(sum(len(str(m["body"]).encode()) for m in batch)))
        return batch

    def delete_counting(queue: str, handles: set[str]) -> None:
        delete(queue, handles)
        if handles:
            counter.add("sqs", queue, "DeleteMessageBatch")

    sqs._dispatch = dispatch_counting
    sqs._receive_messages_for_esm = receive_counting
    sqs._delete_messages_for_esm = delete_counting


def _payload(action: str, data: dict[str, Any], result: dict[str, Any]) -> int:
    """Bytes of the messages that a request carries, there or back, with their attributes."""
    if action == "SendMessage":
        return _message_size(data.get("MessageBody"), data.get("MessageAttributes"))
    if action == "SendMessageBatch":
        return sum(_message_size(m.get("MessageBody"), m.get("MessageAttributes")) for m in data.get("Entries") or ())
    if action == "ReceiveMessage":
        return sum(_message_size(m.get("Body"), m.get("MessageAttributes")) for m in result.get("Messages") or ())
    return 0


def _message_size(body: Any, attributes: Any) -> int:
    size = len(str(body or "").encode())
    for name, value in (attributes or {}).items():
        size += len(name) + sum(len(str(part).encode()) for part in value.values() if part)
    return size


def count_topics(counter: Counter) -> None:
    """Publishing by handlers, and each delivery that a topic makes."""
    from ministack.services import sns, sqs

    publish: Callable[..., Any] = sns._publish
    publish_batch: Callable[..., Any] = sns._publish_batch
    to_queue: Callable[..., None] = sns._deliver_to_sqs
    to_function: Callable[..., None] = sns._deliver_to_lambda

    def publish_counting(params: Any) -> Any:
        response = publish(params)
        topic = sns._p(params, "TopicArn") or sns._p(params, "TargetArn")
        if by_a_handler.get() and response[0] == 200 and topic:
            size = sns._message_payload_size(sns._p(params, "Message"), sns._parse_message_attributes(params))
            counter.add("sns", topic, "Publish", chunks(size))
        return response

    def publish_batch_counting(params: Any) -> Any:
        response = publish_batch(params)
        if by_a_handler.get() and response[0] == 200:
            size = sum(len(str(entry).encode()) for entry in sns._parse_batch_entries(params))
            counter.add("sns", sns._p(params, "TopicArn"), "PublishBatch", chunks(size))
        return response

    def to_queue_counting(endpoint: str, *args: Any, topic_arn: str = "", **kwargs: Any) -> None:
        to_queue(endpoint, *args, topic_arn=topic_arn, **kwargs)
        owner = topic_arn.split(":")[4] if topic_arn.count(":") >= 5 else ""
        if sqs._queue_by_arn(endpoint) and sqs.queue_policy_allows(endpoint, "sns.amazonaws.com", topic_arn, owner):
            counter.add("sns", topic_arn, "DeliverToSQS")

    def to_function_counting(endpoint: str, envelope: str, topic_arn: str, *args: Any) -> None:
        counter.add("sns", topic_arn, "DeliverToLambda")
        to_function(endpoint, envelope, topic_arn, *args)

    sns._publish = publish_counting
    sns._publish_batch = publish_batch_counting
    sns._deliver_to_sqs = to_queue_counting
    sns._deliver_to_lambda = to_function_counting


def count_tables(counter: Counter) -> None:
    """Request units of handlers' reads and writes, as the emulator reckons them, and what event sources read."""
    from ministack.services import dynamodb

    handle: Callable[..., Awaitable[Any]] = dynamodb.handle_request
    records: Callable[..., list[Any]] = dynamodb.stream_records_since

    def size_of(table: str, key: dict[str, Any]) -> int:
        known = dynamodb._tables.get(dynamodb._normalize_table_name(table))
        if not known:
            return 0
        names = {entry["AttributeName"] for entry in known["KeySchema"]}
        item = dynamodb._get_item_by_key(known, {name: value for name, value in key.items() if name in names})
        return int(dynamodb._item_size_bytes(item)) if item else 0

    async def handle_counting(
        method: str, path: str, headers: dict[str, str], body: bytes, query_params: dict[str, Any]
    ) -> Any:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        if not by_a_handler.get() or operation not in capacity.READS | capacity.WRITES:
            return await handle(method, path, headers, body, query_params)
        changed, added = capacity.asking_for_capacity(body)
        status, own, content = await handle(method, path, headers, changed, query_params)
        told = json.loads(content or b"{}")
        asked = json.loads(changed or b"{}")
        units: dict[str, float] = {}
        if status == 200:
            units = (
                capacity.transaction_reads(asked, size_of)
                if operation == "TransactGetItems"
                else capacity.consumed(told)
            )
            if added:
                content = capacity.without_capacity(told)
                own["x-amz-crc32"] = str(zlib.crc32(content))
        elif str(told.get("__type", "")).endswith(("ConditionalCheckFailedException", "TransactionCanceledException")):
            units = capacity.failed_condition(asked, size_of)
        for table, consumed in units.items():
            counter.add("dynamodb", table, operation, consumed)
        return status, own, content

    def records_counting(table: str, *args: Any, **kwargs: Any) -> list[Any]:
        batch = records(table, *args, **kwargs)
        if batch:
            counter.add("dynamodb", table, "GetRecords")
        return batch

    dynamodb.handle_request = handle_counting
    dynamodb.stream_records_since = records_counting


def count_others(counter: Counter) -> None:
    """Secrets, objects and events that handlers ask for, and the transitions of state machines."""
    from ministack.services import eventbridge, s3, secretsmanager, stepfunctions

    def counting(module: Any, count: Callable[[str, str, dict[str, str], bytes, dict[str, Any]], None]) -> None:
        handle: Callable[..., Awaitable[Any]] = module.handle_request

        async def handle_counting(
            method: str,
            path: str,
            headers: dict[str, str],
            body: bytes,
            query: dict[str, Any],
            *args: Any,
            **kwargs: Any,
        ) -> Any:
            response = await handle(method, path, headers, body, query, *args, **kwargs)
            if by_a_handler.get() and response[0] < 400:
                count(method, path, headers, body, query)
            return response

        module.handle_request = handle_counting

    def secret(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, Any]) -> None:
        operation = headers.get("x-amz-target", "").rpartition(".")[2]
        counter.add("secrets-manager", str(json.loads(body or b"{}").get("SecretId", "")), operation)

    def events(_method: str, _path: str, headers: dict[str, str], body: bytes, _query: dict[str, Any]) -> None:
        if headers.get("x-amz-target", "").endswith(".PutEvents"):
            for entry in json.loads(body).get("Entries") or ():
                bus = str(entry.get("EventBusName") or "default")
                size = sum(len(str(entry.get(part, "")).encode()) for part in ("Detail", "DetailType", "Source"))
                counter.add("eventbridge", bus, "PutEvents", chunks(size))

    def objects(method: str, path: str, headers: dict[str, str], _body: bytes, query: dict[str, Any]) -> None:
        bucket, _, key = path.strip("/").partition("/")
        if bucket:
            counter.add("s3", bucket, s3_operation(method, key, headers, query))

    transition: Callable[..., Any] = stepfunctions._add_event

    def transition_counting(execution: dict[str, Any], event_type: str, details: Any = None) -> Any:
        if event_type.endswith("StateEntered"):
            counter.add("step-functions", str(execution.get("stateMachineArn", "")), "StateTransition")
        return transition(execution, event_type, details)

    counting(secretsmanager, secret)
    counting(eventbridge, events)
    counting(s3, objects)
    stepfunctions._add_event = transition_counting


def s3_operation(method: str, key: str, headers: dict[str, str], query: dict[str, Any]) -> str:
    """The name of the S3 operation that a request asks for, as far as its price depends on it."""
    match method, bool(key):
        case "PUT", True:
            return "CopyObject" if "x-amz-copy-source" in headers else "PutObject"
        case "POST", True:
            return "CreateMultipartUpload" if "uploads" in query else "CompleteMultipartUpload"
        case "POST", False:
            return "DeleteObjects" if "delete" in query else "PostObject"
        case "DELETE", _:
            return "DeleteObject"
        case "HEAD", _:
            return "HeadObject" if key else "HeadBucket"
        case "GET", True:
            return "GetObject"
    return "ListObjectsV2"
