"""A comparison's life: made whole or not at all, run by one at a time, and never left half alive."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.demos.comparisons import services
from catalogue.labs.demos.comparisons.services import NotNow
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle.limits import LimitReached
from catalogue.labs.lifecycle.packaging.zips import Variant
from catalogue.labs.lifecycle.services import Created, create_lab, delete_lab
from catalogue.labs.models import Comparison, Lab, Status
from catalogue.labs.targets.base import TargetDown
from catalogue.patterns.content.pattern import Pattern, load_pattern
from tests.labs.demos.comparisons.conftest import live_labs

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]


def test_both_labs_are_ordinary_labs_of_the_visitor(comparison: Comparison) -> None:
    labs = services.labs_of(comparison)
    assert [(lab.variant, lab.status) for lab in labs.values()] == [("pattern", "ready"), ("naive", "ready")]
    assert labs["pattern"].owner == labs["naive"].owner
    assert comparison.state == "ready"


@pytest.mark.parametrize(("limit", "value"), [("LABS_PER_VISITOR", 3), ("LABS_PER_MACHINE", 3)])
def test_without_room_for_two_nothing_is_made(
    comparison: Comparison, twins: Pattern, settings: Settings, limit: str, value: int
) -> None:
    settings.LABS_PER_VISITOR = settings.LABS_PER_MACHINE = 100
    setattr(settings, limit, value)
    with pytest.raises(LimitReached) as refused:
        services.create_comparison(twins, "somebody")
    assert refused.value.retry_after > 0
    assert len(refused.value.labs) == 2
    assert (Lab.objects.count(), Comparison.objects.count()) == (2, 1)


def test_an_address_with_room_for_one_gets_none(twins: Pattern, emulator: Emulator, settings: Settings) -> None:
    settings.LABS_PER_ADDRESS = 1
    with pytest.raises(LimitReached):
        services.create_comparison(twins, "somebody", client="an address")
    assert Lab.objects.count() == 0


def test_where_one_cannot_be_made_the_other_is_deleted(
    twins: Pattern, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_twin(pattern: Pattern, owner: str, variant: Variant, client: str, *, exclusive: bool) -> Created:
        if variant == "naive":
            raise TargetDown("away")
        return create_lab(pattern, owner, variant, client, exclusive=exclusive)

    monkeypatch.setattr(services, "create_lab", no_twin)
    with pytest.raises(TargetDown):
        services.create_comparison(twins, "somebody")
    lab = Lab.objects.get()
    assert (lab.status, lab.cleaned) == (Status.GONE, True)
    assert Comparison.objects.count() == 0


def test_where_aws_refuses_one_the_other_is_deleted_and_the_reason_is_kept(twins: Pattern, emulator: Emulator) -> None:
    (twins.folder / "naive.yaml").write_text(
        (twins.folder / "naive.yaml").read_text().replace("functions/web/", "functions/nowhere/")
    )
    made = services.create_comparison(load_pattern(twins.folder), "somebody").comparison
    assert made.state == "failed"
    assert made.reason.startswith("The lab of its naive twin could not be deployed:")
    assert live_labs() == 0


def test_one_run_at_a_time(comparison: Comparison) -> None:
    claim = services.claim_run(comparison)
    with pytest.raises(NotNow) as refused:
        services.claim_run(comparison)
    assert refused.value.retry_after > 0
    assert services.keep_result(comparison, claim, {"a": 1})
    comparison.refresh_from_db()
    assert (comparison.state, comparison.result) == ("done", {"a": 1})
    again = services.claim_run(comparison)
    assert services.give_up(comparison, again, "It was not to be.")
    comparison.refresh_from_db()
    assert (comparison.state, comparison.reason, comparison.result) == ("failed", "It was not to be.", {"a": 1})


def test_a_run_whose_process_is_gone_can_be_claimed_again_and_says_nothing_more(
    comparison: Comparison, settings: Settings
) -> None:
    lost = services.claim_run(comparison)
    long_ago = timezone.now() - timedelta(seconds=settings.LABS_COMPARISON_SECONDS + 31)
    Comparison.objects.filter(pk=comparison.pk).update(started_at=long_ago)
    services.claim_run(comparison)
    assert not services.keep_result(comparison, lost, {"stale": True})
    assert not services.give_up(comparison, long_ago, "stale")
    comparison.refresh_from_db()
    assert (comparison.state, comparison.result) == ("running", None)


def test_no_more_run_at_once_than_the_machine_may(comparison: Comparison, settings: Settings) -> None:
    settings.LABS_COMPARISONS_AT_ONCE = 1
    other = Comparison.objects.create(
        pattern_lab=comparison.pattern_lab,
        naive_lab=comparison.naive_lab,
        state="running",
        started_at=timezone.now(),
    )
    with pytest.raises(NotNow, match="as many comparisons as it allows"):
        services.claim_run(comparison)
    assert other.started_at is not None
    services.give_up(other, other.started_at, "over")
    services.claim_run(comparison)


def test_deleting_ends_both(comparison: Comparison) -> None:
    services.delete_comparison(comparison)
    assert live_labs() == 0
    assert {lab.cleaned for lab in Lab.objects.all()} == {True}


def test_a_lab_deleted_by_itself_leaves_the_other(comparison: Comparison) -> None:
    delete_lab(comparison.naive_lab)
    services.refresh_comparison(comparison)
    assert live_labs() == 1
