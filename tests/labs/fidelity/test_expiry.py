"""DynamoDB's own expiry on the embedded AWS, for all patterns that keep something for a while: it takes a minute."""

import time
from collections.abc import Callable

import pytest

from tests.labs.fidelity.conftest import Stack, until

SWEEP_SECONDS = 60
"""How often the embedded AWS looks for expired items."""
pytestmark = pytest.mark.lab


@pytest.mark.ledger("asynchronous-request-reply", "expiry")
@pytest.mark.ledger("idempotent-proxy", "expiry")
def test_an_expired_item_is_deleted_by_the_next_sweep(stack_of: Callable[[str], Stack]) -> None:
    stack, now = stack_of("idempotent-proxy"), int(time.time())
    items, table = stack.client("dynamodb"), stack.id("KeysTable")
    for id, expires_at in (("over", now - 5), ("not-yet", now + 3600)):
        items.put_item(TableName=table, Item={"id": {"S": id}, "expires_at": {"N": str(expires_at)}})
    over = {"TableName": table, "Key": {"id": {"S": "over"}}}
    until(lambda: "Item" not in items.get_item(**over), SWEEP_SECONDS + 15)
    assert "Item" in items.get_item(TableName=table, Key={"id": {"S": "not-yet"}})
