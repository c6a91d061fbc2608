"""Counts requests of handlers and of the gateway, and what an event source asks for while it has work."""

from collections.abc import Awaitable, Callable
from typing import Any

from catalogue.labs.embedded.counting.counter import Counter, chunks
from catalogue.labs.embedded.counting.usage_caller import by_a_handler


def count(counter: Counter) -> None:
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
