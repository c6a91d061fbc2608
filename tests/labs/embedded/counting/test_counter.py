"""The counter by itself: since when, for whom, and how much it keeps."""

import threading
from typing import Any

import pytest

from catalogue.labs.embedded.counting import counter
from catalogue.labs.embedded.counting.counter import Counter, UsageRow, chunks
from catalogue.labs.services.dynamodb.capacity import asking_for_capacity, consumed, failed_condition, transaction_reads
from catalogue.labs.services.registry import lab_services

QUEUE = ("sqs", "orders")


class Clock:
    seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


def test_it_counts_from_any_moment_on() -> None:
    clock = Clock()
    kept = Counter(clock)
    kept.add("sqs", "orders", "SendMessage")
    clock.seconds += 1
    kept.add("sqs", "orders", "SendMessage", units=3)
    assert kept.read([QUEUE], 0) == [UsageRow("sqs", "orders", "SendMessage", 2, 4, (1000.0, 1001.0))]
    assert kept.read([QUEUE], 1000.5) == [UsageRow("sqs", "orders", "SendMessage", 1, 3, (1001.0,))]
    assert kept.read([QUEUE], 1002) == []


def test_each_of_few_uses_has_its_moment_and_of_very_many_none_has() -> None:
    kept = Counter(Clock())
    kept.add("dynamodb", "orders", "PutItem", count=400)
    (row,) = kept.read([("dynamodb", "orders")], 0)
    assert row.at == (1000.0,) * 400
    kept.add("dynamodb", "orders", "PutItem")
    (row,) = kept.read([("dynamodb", "orders")], 0)
    assert (row.times, row.at) == (401, ())


def test_resources_and_services_do_not_mix() -> None:
    kept = Counter()
    kept.add("sqs", "orders", "SendMessage")
    kept.add("dynamodb", "orders", "PutItem")
    assert [row.operation for row in kept.read([QUEUE], 0)] == ["SendMessage"]
    assert kept.read([("sqs", "other")], 0) == []


@pytest.mark.parametrize(
    ("service", "name", "plain"),
    [
        ("sqs", "http://127.0.0.1:4566/000000000000/orders", "orders"),
        ("sns", "arn:aws:sns:us-east-1:000000000000:events", "events"),
        ("lambda", "worker", "worker"),
        ("dynamodb", "arn:aws:dynamodb:us-east-1:000000000000:table/t/index/i", "t"),
        ("secrets-manager", "arn:aws:secretsmanager:us-east-1:000000000000:secret:key-of-lab-a1B2c3", "key-of-lab"),
        ("secrets-manager", "key-of-lab", "key-of-lab"),
    ],
)
def test_a_resource_is_known_by_name_arn_and_address(service: str, name: str, plain: str) -> None:
    assert lab_services().plain_name(service, name) == plain


def test_payloads_are_charged_by_64_kb() -> None:
    assert [chunks(size) for size in (0, 1, 65_536, 65_537, 262_144)] == [1, 1, 1, 2, 4]


def test_old_moments_are_put_together_without_losing_a_count() -> None:
    clock = Clock()
    kept = Counter(clock)
    for _ in range(counter._MOST_MOMENTS + 500):
        clock.seconds += 0.1
        kept.add("sqs", "orders", "SendMessage")
    assert kept.read([QUEUE], 0)[0].times == counter._MOST_MOMENTS + 500
    assert len(kept._kept[QUEUE]["SendMessage"]) <= counter._MOST_MOMENTS
    assert kept.read([QUEUE], clock.seconds - 5)[0].times == pytest.approx(51, abs=1)


def test_constant_use_is_bounded_and_rarely_put_together(monkeypatch: pytest.MonkeyPatch) -> None:
    """Done for each use, it took more of the emulator's time than all else."""
    clock = Clock()
    kept = Counter(clock)
    done = 0
    fewer = counter._fewer

    def counting(*arguments: Any) -> Any:
        nonlocal done
        done += 1
        return fewer(*arguments)

    monkeypatch.setattr(counter, "_fewer", counting)
    uses = 30_000
    for use in range(uses):
        clock.seconds += 0.003 if use < uses / 2 else 2
        kept.add("sqs", "orders", "SendMessage")
        assert len(kept._kept[QUEUE]["SendMessage"]) <= counter._MOST_MOMENTS
    assert kept.read([QUEUE], 0)[0].times == uses
    assert done <= uses / (counter._MOST_MOMENTS / 2) + 1


def test_the_resource_not_used_for_longest_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counter, "_MOST_RESOURCES", 2)
    kept = Counter()
    for name in ("a", "b", "a", "c"):
        kept.add("sqs", name, "SendMessage")
    assert kept.read([("sqs", "b")], 0) == []
    assert kept.read([("sqs", "a")], 0)[0].times == 2


def test_many_threads_lose_no_count() -> None:
    kept = Counter()

    def work() -> None:
        for _ in range(500):
            kept.add("sqs", "orders", "SendMessage")

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert kept.read([QUEUE], 0)[0].times == 4000


def test_a_request_is_changed_to_tell_its_units_unless_it_asks_already() -> None:
    changed, added = asking_for_capacity(b'{"TableName": "t"}')
    assert (changed, added) == (b'{"TableName": "t", "ReturnConsumedCapacity": "TOTAL"}', True)
    assert asking_for_capacity(b'{"ReturnConsumedCapacity": "INDEXES"}')[1] is False
    assert asking_for_capacity(b"{") == (b"{", False)
    assert consumed({"ConsumedCapacity": {"TableName": "t", "CapacityUnits": 2.5}}) == {"t": 2.5}
    told = [{"TableName": "t", "CapacityUnits": 2}, {"TableName": "u", "CapacityUnits": 1}]
    assert consumed({"ConsumedCapacity": told}) == {"t": 2, "u": 1}


def test_transactions_take_twice_the_units_of_each_item() -> None:
    asked = {"TransactItems": [{"Get": {"TableName": "t", "Key": {}}}, {"Get": {"TableName": "t", "Key": {}}}]}
    assert transaction_reads(asked, lambda table, key: 100) == {"t": 4}
    assert transaction_reads(asked, lambda table, key: 5000) == {"t": 8}


def test_a_condition_that_fails_takes_what_the_item_there_weighs() -> None:
    write = {"TableName": "t", "Item": {"id": {"S": "a"}}}
    assert failed_condition(write, lambda table, key: 0) == {"t": 1}
    assert failed_condition(write, lambda table, key: 2500) == {"t": 3}
    both = {"TransactItems": [{"Put": write}, {"Update": {"TableName": "u", "Key": {}}}]}
    assert failed_condition(both, lambda table, key: 10) == {"t": 2, "u": 2}
