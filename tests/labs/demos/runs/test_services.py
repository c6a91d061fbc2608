"""Runs are kept and shared within their limits, and forgotten when their time is over."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.demos.runs.services import TooManyShared, forget_shared_runs, keep_run, share_run
from catalogue.labs.lifecycle.cleanup import janitor
from catalogue.labs.models import Lab, SharedRun
from catalogue.labs.models import Run as KeptRun
from catalogue.patterns.runs.document import Run

pytestmark = pytest.mark.django_db


def a_run(title: str = "A run") -> Run:
    return Run(
        pattern="postbox",
        title=title,
        target="embedded",
        run_hash="0" * 64,
        recorded_at=datetime(2026, 11, 23, tzinfo=UTC),
        ms=12.5,
        actions=(),
        events=(),
    )


def a_lab(owner: str = "o" * 64) -> Lab:
    return Lab.objects.create(
        pattern="postbox", stack=f"s-{owner[:4]}-{Lab.objects.count()}", owner=owner, expires_at=timezone.now()
    )


def test_a_kept_run_is_read_back_as_it_was() -> None:
    kept = keep_run(a_lab(), a_run())
    assert Run.model_validate(KeptRun.objects.get(pk=kept.pk).document) == a_run()


def test_of_each_lab_the_newest_are_kept(settings: Settings) -> None:
    settings.LABS_RUNS_PER_LAB = 3
    lab, other = a_lab(), a_lab()
    keep_run(other, a_run("another lab's"))
    for number in range(5):
        keep_run(lab, a_run(f"run {number}"))
    titles = {str(kept) for kept in KeptRun.objects.all()}
    assert titles == {"run 2", "run 3", "run 4", "another lab's"}


def test_sharing_copies_the_run_so_that_it_outlives_the_lab(settings: Settings) -> None:
    settings.LABS_SHARE_DAYS = 30
    lab = a_lab()
    shared = share_run(keep_run(lab, a_run()))
    lab.delete()
    again = SharedRun.objects.get(pk=shared.pk)
    assert Run.model_validate(again.document) == a_run()
    assert abs(again.expires_at - timezone.now() - timedelta(days=30)) < timedelta(minutes=1)


def test_shared_twice_a_run_keeps_its_link() -> None:
    kept = keep_run(a_lab(), a_run())
    assert share_run(kept).pk == share_run(kept).pk
    assert SharedRun.objects.count() == 1


def test_shared_after_its_time_a_run_gets_a_new_link() -> None:
    kept = keep_run(a_lab(), a_run())
    first = share_run(kept)
    SharedRun.objects.update(expires_at=timezone.now())
    assert share_run(kept).pk != first.pk


def test_one_owner_shares_so_many_a_day_and_others_are_not_held_up(settings: Settings) -> None:
    settings.LABS_SHARES_PER_DAY = 2
    lab, second, stranger = a_lab(), a_lab(), a_lab("x" * 64)
    first = share_run(keep_run(lab, a_run()))
    share_run(keep_run(second, a_run()))
    with pytest.raises(TooManyShared) as refused:
        share_run(keep_run(lab, a_run()))
    assert 86_000 < refused.value.retry_after <= 86_401
    share_run(keep_run(stranger, a_run()))
    SharedRun.objects.filter(pk=first.pk).update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    share_run(keep_run(lab, a_run()))


def test_what_is_over_is_emptied_and_in_the_end_forgotten(settings: Settings) -> None:
    settings.LABS_SHARE_DAYS = 30
    lab = a_lab()
    fresh, over, forgotten = (share_run(keep_run(lab, a_run())) for _ in range(3))
    now = timezone.now()
    SharedRun.objects.filter(pk=over.pk).update(expires_at=now)
    SharedRun.objects.filter(pk=forgotten.pk).update(expires_at=now - timedelta(days=30, seconds=1))
    janitor.forget_old_rows()
    forget_shared_runs()
    assert SharedRun.objects.get(pk=fresh.pk).document != {}
    assert SharedRun.objects.get(pk=over.pk).document == {}
    assert not SharedRun.objects.filter(pk=forgotten.pk).exists()


def test_a_labs_runs_go_with_its_row() -> None:
    lab = a_lab()
    keep_run(lab, a_run())
    lab.delete()
    assert not KeptRun.objects.exists()
