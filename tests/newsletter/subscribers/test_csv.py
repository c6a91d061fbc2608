"""Subscribers as CSV: what comes in, what never comes back, and that nothing grows with the file."""

import io
import tracemalloc
from collections.abc import Iterator
from typing import TextIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.newsletter import services
from catalogue.newsletter.models import ConsentRecord, Subscriber, Suppression
from catalogue.newsletter.subscribers import csv_files
from catalogue.newsletter.subscribers.csv_files import Report, guarded, unguarded
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from tests.newsletter.mail.test_updates import reader
from tests.newsletter.support.helpers import snapshot

pytestmark = pytest.mark.django_db


def take_in(text: str, *, dry_run: bool = False) -> tuple[Report, list[tuple[int, str]]]:
    told: list[tuple[int, str]] = []
    file = io.StringIO(text, newline="")
    reports = csv_files.read(file, "old list", lambda line, reason: told.append((line, reason)), dry_run=dry_run)
    return list(reports)[-1], told


def written() -> str:
    out = io.StringIO()
    csv_files.write(out)
    return out.getvalue()


def test_a_row_becomes_a_subscriber_with_a_consent_record() -> None:
    report, told = take_in(
        "address,levels,topics,revisions,confirmed_at,source\n"
        "Ada@Example.com,100 300,sqs lambda,no,2025-03-01T12:00:00Z,conference\n"
    )
    assert (str(report), told) == ("1 added, 0 known already, 0 refused", [])
    ada = Subscriber.objects.get()
    assert (ada.key, ada.state, ada.levels, ada.revisions) == ("ada@example.com", "confirmed", 5, False)
    assert ada.confirmed_at is not None
    assert ada.confirmed_at.isoformat() == "2025-03-01T12:00:00+00:00"
    assert sorted(ada.topics.values_list("service", flat=True)) == ["lambda", "sqs"]
    record = ConsentRecord.objects.get()
    assert (record.event, record.form, record.page, record.wording) == ("imported", "old list", "conference", 0)


def test_a_second_import_changes_nothing() -> None:
    text = "address,topics\nada@example.com,sqs\nbob@example.com,\n"
    take_in(text)
    before = snapshot()
    report, told = take_in(text)
    assert (str(report), told) == ("0 added, 2 known already, 0 refused", [])
    assert snapshot() == before


def test_no_one_who_left_or_is_suppressed_or_erased_comes_back() -> None:
    services.unsubscribe(reader("gone").ref)
    reader("waits", state="pending", confirmed_at=None)
    suppression.suppress(reader("bounced"), Suppression.Reason.HARD_BOUNCE)
    suppression.remember("complained@example.com", Suppression.Reason.COMPLAINT)
    suppression.remember("erased@example.com", Suppression.Reason.ERASED)
    before = snapshot()
    names = ("gone", "waits", "bounced", "complained", "erased")
    report, told = take_in("address\n" + "".join(f"{name.upper()}@Example.com\n" for name in names))
    assert str(report) == "0 added, 3 known already, 2 refused"
    assert sorted(line for line, _ in told) == [5, 6]
    assert snapshot() == before


def test_who_left_elsewhere_stays_away() -> None:
    take_in("address,state\ngone@example.com,unsubscribed\n")
    take_in("address,state\ngone@example.com,confirmed\n")
    assert Subscriber.objects.get().state == "unsubscribed"


def test_a_bad_row_is_reported_with_its_line_and_the_rest_goes_in() -> None:
    rows = [
        "address,state,levels,topics,revisions,confirmed_at,source",
        "good@example.com,,,,,,",
        "no address,,,,,,",
        '"two\nlines@example.com",,,,,,',
        "a@example.com,perhaps,,,,,",
        "b@example.com,pending,,,,,",
        "c@example.com,,400,,,,",
        "d@example.com,,,fax,,,",
        "e@example.com,,,,maybe,,",
        "f@example.com,,,,,yesterday,",
        "g@example.com,,,,,2199-01-01,",
        "h@example.com,,,,,0001-01-01T00:00:00+14:00,",
        f"i@example.com,,,,,,{'x' * 201}",
        "j@example.com,,,,,,,,",
        "",
        "\0@example.com,,,,,,",
        "last@example.com,,,,,,",
        '"open@example.com,,,,,,',
    ]
    report, told = take_in("\n".join(rows))
    assert set(Subscriber.objects.values_list("key", flat=True)) == {"good@example.com", "last@example.com"}
    assert report.refused + report.skipped == len(told)
    assert report.skipped == 1
    assert [line for line, _ in told] == [3, 4, *range(6, 16), 17, 19]
    assert all(reason for _, reason in told)


@pytest.mark.parametrize("closing", ["", 'f@example.com,"\n', '"f@example.com",\n'])
def test_a_quote_that_is_not_closed_costs_its_own_line_only(closing: str) -> None:
    rows = ["address,source", "a@example.com,", 'b@example.com,"open', "c@example.com,", '"d@example.com",', "bad,"]
    _, told = take_in("\n".join(rows) + "\n" + closing)
    keys = set(Subscriber.objects.values_list("key", flat=True))
    assert {"a@example.com", "c@example.com", "d@example.com"} <= keys
    assert "b@example.com" not in keys
    assert [line for line, _ in told][:2] == [3, 6]
    assert "A quote opens in this line" in told[0][1]
    if closing.startswith('"'):
        assert "f@example.com" in keys


def test_a_quote_far_from_its_end_is_not_looked_for_through_the_whole_file() -> None:
    rows = [f"r{number}@example.com," for number in range(500)]
    _, told = take_in("\n".join(["address,source", 'open@example.com,"', *rows, ',"']))
    assert Subscriber.objects.count() == 500
    assert told[0][0] == 2


def test_a_row_over_several_lines_says_so() -> None:
    _, told = take_in('address\n"a@example.com\nb@example.com\nc@example.com"\nd@example.com\n')
    assert [line for line, _ in told] == [2]
    assert "lines 2 to 4 are one row" in told[0][1]
    assert Subscriber.objects.get().key == "d@example.com"


@pytest.mark.parametrize("cell", ["x" * 10_001, "x" * 50_000, '"' + "x" * 50_000, "x" * 9_999 + '"'])
def test_a_line_that_is_too_long_is_reported_and_the_numbers_stay_right(cell: str) -> None:
    _, told = take_in(f"address,source\na@example.com,{cell}\nbad,\nc@example.com,\n")
    assert [line for line, _ in told] == [2, 3]
    assert Subscriber.objects.get().key == "c@example.com"


def test_who_has_not_confirmed_is_skipped_and_reported() -> None:
    reader("waits", state="pending", confirmed_at=None)
    reader("ada")
    exported = written()
    ConsentRecord.objects.all()._raw_delete("default")
    Subscriber.objects.all().delete()
    report, told = take_in(exported)
    assert str(report) == "1 added, 0 known already, 0 refused, 1 skipped"
    assert told[0][1].startswith("Skipped: the person has not confirmed")
    assert Subscriber.objects.get().key == "ada@example.com"


@pytest.mark.parametrize(
    "text", ["", "mail\na@example.com\n", "address;state\n", "address,address\n", "address,x\n", '"']
)
def test_a_file_without_its_columns_is_refused_whole(text: str) -> None:
    with pytest.raises(csv_files.BadFile):
        take_in(text)
    assert not Subscriber.objects.exists()


@pytest.mark.parametrize("source", ["", " ", "x" * 41, "a\nb"])
def test_an_import_says_where_people_agreed(source: str) -> None:
    with pytest.raises(csv_files.BadFile):
        list(csv_files.read(io.StringIO("address\n"), source, lambda *_: None))


def test_trying_changes_nothing() -> None:
    before = snapshot()
    assert str(take_in("address\nada@example.com\nbob\n", dry_run=True)[0]) == "1 added, 0 known already, 1 refused"
    assert snapshot() == before


def test_what_was_exported_can_be_imported() -> None:
    take_in("address,topics,levels\n+ada@example.com,sqs,100\n=bob@example.com,,\n'=cy@example.com,,\n")
    first = written()
    assert "'=bob@example.com" in first
    assert "\n=" not in first
    ConsentRecord.objects.all()._raw_delete("default")
    Subscriber.objects.all().delete()
    take_in(first)
    assert written() == first


@given(st.text())
def test_no_cell_is_a_formula_and_none_is_changed_for_good(cell: str) -> None:
    assert not guarded(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert unguarded(guarded(cell)) == cell


class Rows:
    """A file that is made while it is read."""

    def __init__(self, count: int) -> None:
        self._lines = self._all(count)

    @staticmethod
    def _all(count: int) -> Iterator[str]:
        yield "address\n"
        for number in range(count):
            yield f"r{number}@example.com\n" if number % 2 else "bad\n"

    def readline(self, size: int = -1) -> str:
        return next(self._lines, "")


def peak(count: int) -> int:
    tracemalloc.start()
    try:
        for _ in csv_files.read(cast("TextIO", Rows(count)), "big", lambda *_: None, dry_run=True):
            pass
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_does_not_grow_with_the_file() -> None:
    peak(2_000)
    assert peak(24_000) < peak(4_000) * 1.5
