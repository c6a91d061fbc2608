"""Polls each Kinesis and DynamoDB stream mapping on a thread of its own while it has records.

MiniStack has one thread for all event sources and runs the handlers of streams on it, so that a slow handler in one lab
delays the deliveries of every other lab. On AWS each shard has a poller:
https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
That thread still looks at every mapping. Where there is something to read, it starts another one for this mapping,
unless one is at work already. One mapping's batches stay in order.
"""

import contextvars
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

type Mapping = dict[str, Any]
"""MiniStack's record of an event source mapping."""
type Scoped = tuple[str, str, Mapping]
"""Account, region and mapping."""

PAUSE_SECONDS = 1.0
"""After a poll that read nothing in spite of records: what stands in its way (a deleted function) rarely changes."""

_only: ContextVar[Scoped | None] = ContextVar("only", default=None)
"""The mapping that the poll under way is for."""


def kinesis_has_records(mapping: Mapping) -> bool:
    """Whether a stream has records after the mapping's position, or the mapping has none yet. In its scope."""
    from ministack.core.arn import ArnParseError, parse_arn
    from ministack.services import kinesis, lambda_svc

    try:
        source = parse_arn(mapping.get("EventSourceArn", ""))
    except ArnParseError:
        return False
    name = lambda_svc._kinesis_stream_name_from_arn_spec(source)
    stream = kinesis._streams.get_scoped(source.account_id, source.region, name) if name else None
    if not stream:
        return False
    positions = lambda_svc._kinesis_positions.get(mapping["UUID"])
    if positions is None:
        return True
    shards = list(stream["shards"].items())
    return any(shard not in positions or len(there["records"]) > positions[shard] for shard, there in shards)


def table_has_records(mapping: Mapping) -> bool:
    """The same of a DynamoDB stream."""
    from ministack.core.arn import ArnParseError, parse_arn
    from ministack.services import dynamodb, lambda_svc

    try:
        source = parse_arn(mapping.get("EventSourceArn", ""))
    except ArnParseError:
        return False
    named = lambda_svc._dynamodb_stream_table_from_arn_spec(source)
    if named is None:
        return False
    start, end = dynamodb.stream_start_position(named[0]), dynamodb.stream_end_position(named[0])
    if start == end:
        return False
    position = lambda_svc._dynamodb_stream_positions.get(mapping["UUID"])
    return position is None or max(position, start) < end


class Pollers:
    """Gives the mappings of one kind of stream their polls."""

    def __init__(
        self, mappings: Callable[[], Iterator[Scoped]], poll: Callable[[], bool], has_records: Callable[[Mapping], bool]
    ) -> None:
        """`poll` is MiniStack's for all mappings of this kind; whether it has read a batch."""
        self._mappings = mappings
        self._poll = poll
        self._has_records = has_records
        self._not_before: dict[str, float] = {}

    def poll_all(self) -> bool:
        """Start a poll of each mapping that has records and is not at work; whether there was one."""
        from ministack.services import lambda_svc

        started = False
        now = time.monotonic()
        for key, until in list(self._not_before.items()):
            if until <= now:
                del self._not_before[key]
        for account, region, mapping in self._mappings():
            key = mapping["UUID"]
            if key not in self._not_before and contextvars.copy_context().run(self._is_due, account, region, mapping):
                lambda_svc._dispatch_esm_batch(key, self._poll_one, (account, region, mapping))
                started = True
        return started

    def _is_due(self, account: str, region: str, mapping: Mapping) -> bool:
        """Leaves the context in the mapping's scope."""
        from ministack.services import lambda_svc

        if lambda_svc._esm_inflight.get(mapping["UUID"]) or not mapping.get("Enabled", True):
            return False
        _enter(account, region)
        paused = lambda_svc._esm_backoff_until.get(mapping["UUID"], 0) > time.time()
        return not paused and self._has_records(mapping)

    def _poll_one(self, scoped: Scoped) -> None:
        _only.set(scoped)  # this thread's context is its own
        account, region, mapping = scoped
        read = False
        try:
            read = self._poll()
        finally:
            _enter(account, region)
            if not read and self._has_records(mapping):
                self._not_before[mapping["UUID"]] = time.monotonic() + PAUSE_SECONDS


def _enter(account: str, region: str) -> None:
    """Make this the scope of the running context, in which MiniStack finds its records."""
    from ministack.core import responses

    responses._request_account_id.set(account)
    responses._request_region.set(region)


def install() -> None:
    """Patch the imported emulator."""
    from ministack.services import lambda_svc

    every: Callable[[], Iterator[Scoped]] = lambda_svc._iter_all_esms

    def mappings() -> Iterator[Scoped]:
        only = _only.get()
        return every() if only is None else iter([only])

    lambda_svc._iter_all_esms = mappings
    lambda_svc._poll_kinesis = Pollers(every, lambda_svc._poll_kinesis, kinesis_has_records).poll_all
    lambda_svc._poll_dynamodb_streams = Pollers(every, lambda_svc._poll_dynamodb_streams, table_has_records).poll_all
