"""One bad row of a list of subscribers: it is reported and left out, and the others go on."""

import io
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.newsletter.models import Subscriber, Suppression
from catalogue.newsletter.subscribers import csv_files
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from tests.newsletter.mail.test_updates import reader
from tests.newsletter.support.bad_items import failing_for

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("function", ["_insert", "_levels"])
def test_a_row_of_a_csv_file_that_cannot_be_taken_is_refused_alone(
    monkeypatch: pytest.MonkeyPatch, function: str
) -> None:
    def bad(what: Any, *rest: Any) -> bool:
        return what == "200" if isinstance(what, str) else any(row.address.key == "bob@example.com" for row in what)

    monkeypatch.setattr(csv_files, function, failing_for(getattr(csv_files, function), bad))
    told: list[tuple[int, str]] = []
    file = io.StringIO("address,levels\nada@example.com,100\nbob@example.com,200\ncyd@example.com,300\n")
    *_, report = csv_files.read(file, "a list", lambda line, why: told.append((line, why)))
    assert str(report) == "2 added, 0 known already, 1 refused"
    assert [line for line, _ in told] == [3]
    assert "nobody thought of this" in told[0][1]
    assert set(Subscriber.objects.values_list("key", flat=True)) == {"ada@example.com", "cyd@example.com"}


def test_a_suppressed_row_is_refused_once_though_its_chunk_is_taken_row_by_row(monkeypatch: pytest.MonkeyPatch) -> None:
    suppression.remember("eve@example.com", Suppression.Reason.ERASED)
    bad = lambda rows, source: any(row.address.key == "bob@example.com" for row in rows)  # noqa: E731
    monkeypatch.setattr(csv_files, "_insert", failing_for(csv_files._insert, bad))
    told: list[int] = []
    file = io.StringIO("address\nada@example.com\nbob@example.com\neve@example.com\n")
    *_, report = csv_files.read(file, "a list", lambda line, why: told.append(line))
    assert str(report) == "1 added, 0 known already, 2 refused"
    assert sorted(told) == [3, 4]


def test_a_subscriber_whose_row_cannot_be_exported_is_left_out_with_a_word(
    monkeypatch: pytest.MonkeyPatch, errors: Callable[[], list[str]]
) -> None:
    people = [reader(name) for name in ("ada", "bob", "cyd")]
    monkeypatch.setattr(csv_files, "_cells", failing_for(csv_files._cells, lambda one: one.pk == people[1].pk))
    out = io.StringIO()
    assert csv_files.write(out) == 2
    assert "bob@" not in out.getvalue()
    assert len(errors()) == 1
