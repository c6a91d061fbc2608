"""Several emulators on one database: each lab is on one of them, and only those responsible for it touch it."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone
from pytest_django import Settings

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded import process
from catalogue.labs.embedded.process import Emulator as Running
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.cleanup import janitor
from catalogue.labs.lifecycle.instance import instance_id
from catalogue.labs.lifecycle.limits import LimitReached
from catalogue.labs.models import Emulator, Lab, Status
from catalogue.labs.targets import Place, emulators, is_ours, target_of
from catalogue.labs.targets.base import TargetDown
from catalogue.labs.targets.emulators import Silence
from catalogue.labs.targets.emulators.services import forget, give_up_silent, note_answer, note_answers, set_draining
from catalogue.patterns.content.pattern import Pattern
from tests.labs.conftest import Deploy, run

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def another() -> Iterator[Running]:
    with process.running() as started:
        yield started


@pytest.fixture
def both(emulator: Running, another: Running, settings: Settings) -> tuple[str, str]:
    """This process is responsible for two emulators."""
    settings.LABS_ENDPOINTS = (emulator.url, another.url)
    return emulator.url, another.url


@pytest.fixture
def theirs(emulator: Running, another: Running, deploy: Deploy, postbox: Pattern, settings: Settings) -> Iterator[Lab]:
    """A lab of another instance, on its own emulator. That instance has been heard of."""
    settings.LABS_ENDPOINTS = (another.url,)
    lab = deploy(postbox)
    settings.LABS_ENDPOINTS = ()
    Lab.objects.filter(pk=lab.pk).update(emulator="another-instance")
    note_answer(Place("another-instance", another.url), another.boot_id)
    lab.refresh_from_db()
    yield lab
    settings.LABS_ENDPOINTS = ()


def stacks(lab: Lab) -> set[str]:
    found = target_of(lab).client("cloudformation").describe_stacks()["Stacks"]
    return {stack["StackName"] for stack in found if not stack["StackStatus"].startswith("DELETE")}


def test_the_emulator_that_up_starts_has_its_instances_id(lab: Lab, emulator: Running) -> None:
    assert (lab.emulator, lab.endpoint, lab.boot_id) == (instance_id(), emulator.url, emulator.boot_id)


def test_the_next_lab_is_made_on_the_emulator_with_the_fewest(
    both: tuple[str, str], deploy: Deploy, postbox: Pattern
) -> None:
    made = [deploy(postbox, f"visitor {number}") for number in range(4)]
    assert sorted(lab.endpoint for lab in made) == sorted(both * 2)
    assert all(lab.upstream.startswith(lab.endpoint) for lab in made)
    services.delete_lab(made[0])
    assert deploy(postbox, "one more").endpoint == made[0].endpoint


def test_one_that_does_not_answer_gets_no_lab(
    emulator: Running, deploy: Deploy, postbox: Pattern, settings: Settings
) -> None:
    settings.LABS_ENDPOINTS = ("http://127.0.0.1:9", emulator.url)
    assert {deploy(postbox, f"visitor {number}").endpoint for number in range(2)} == {emulator.url}


def test_each_emulator_holds_as_many_as_one_machine_may(
    both: tuple[str, str], deploy: Deploy, postbox: Pattern, settings: Settings
) -> None:
    settings.LABS_PER_MACHINE = 1
    for number in range(2):
        deploy(postbox, f"visitor {number}")
    with pytest.raises(LimitReached, match="All 1 labs of each of 2 machines"):
        services.create_lab(postbox, "one too many")


def test_calls_steps_and_deletion_go_to_the_labs_own_emulator(
    both: tuple[str, str], deploy: Deploy, postbox: Pattern
) -> None:
    for lab in [deploy(postbox, f"visitor {number}") for number in range(2)]:
        assert run(call_edge(lab.pk, "GET", "/look", {})).status == 200
        assert lab.stack in stacks(lab)
        services.delete_lab(lab)
        assert lab.stack not in stacks(lab)
        assert Lab.objects.get(pk=lab.pk).cleaned


def test_the_janitor_leaves_another_instances_lab_alone(theirs: Lab) -> None:
    old = timezone.now() - timedelta(hours=1)
    Lab.objects.filter(pk=theirs.pk).update(expires_at=old, used_at=old)
    janitor.tidy()
    janitor.sweep()
    assert Lab.objects.get(pk=theirs.pk).status == Status.READY
    assert theirs.stack in stacks(theirs)
    Lab.objects.filter(pk=theirs.pk).update(expires_at=timezone.now() + timedelta(hours=1), used_at=timezone.now())


def test_another_instances_lab_can_be_called_where_its_emulator_can_be_reached(theirs: Lab) -> None:
    assert not is_ours(theirs)
    assert run(call_edge(theirs.pk, "GET", "/look", {})).status == 200


@pytest.mark.parametrize("at", ["nothing", "an emulator that is not the lab's"])
def test_out_of_reach_another_instances_lab_is_not_called_lost(theirs: Lab, emulator: Running, at: str) -> None:
    elsewhere = "http://127.0.0.1:9" if at == "nothing" else emulator.url
    Lab.objects.filter(pk=theirs.pk).update(endpoint=elsewhere, upstream=elsewhere)
    seen = services.refresh_lab(Lab.objects.get(pk=theirs.pk))
    assert seen.status == Status.READY
    answer = run(call_edge(theirs.pk, "GET", "/look", {}))
    assert (answer.status, answer.headers["retry-after"]) == (503, "5")
    assert "another machine" in answer.parsed["detail"]
    with pytest.raises(TargetDown, match="another machine"):
        target_of(seen).client("sqs")
    Lab.objects.filter(pk=theirs.pk).update(endpoint=theirs.endpoint, upstream=theirs.upstream)


def test_labs_of_an_emulator_that_has_fallen_silent_are_reported_as_gone(
    emulator: Running, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab = Lab.objects.create(
        pattern="postbox", owner="o", emulator="dead", endpoint="http://127.0.0.1:9", boot_id="b", stack="s",
        status=Status.READY, expires_at=timezone.now() + timedelta(hours=1),
    )  # fmt: skip
    note_answer(Place("dead", "http://127.0.0.1:9"), "b")
    clock = [100.0]
    monkeypatch.setattr("catalogue.labs.targets.emulators.time.monotonic", lambda: clock[0])
    monkeypatch.setattr(janitor, "_silence", Silence())
    for _ in range(settings.LABS_EMULATOR_SECONDS // 5):
        janitor.give_up_what_is_silent()
        assert Lab.objects.get(pk=lab.pk).status == Status.READY
        clock[0] += 5
    janitor.give_up_what_is_silent()
    lab.refresh_from_db()
    assert (lab.status, lab.cleaned) == (Status.GONE, True)
    assert "machine that it ran on is gone" in lab.reason
    assert not Emulator.objects.filter(key="dead").exists()


def test_one_that_answers_from_here_is_not_given_up_though_its_own_janitor_is_silent(theirs: Lab) -> None:
    before = Emulator.objects.get(key="another-instance").seen_at
    assert give_up_silent("another-instance") is False
    assert Lab.objects.get(pk=theirs.pk).status == Status.READY
    after = Emulator.objects.get(key="another-instance").seen_at
    assert before is not None
    assert after is not None
    assert after > before


def test_silence_is_counted_only_while_someone_looks(settings: Settings) -> None:
    settings.LABS_EMULATOR_SECONDS = 30
    silence = Silence()
    seen: dict[str, Any] = {"a": None}
    assert silence.look(seen, 0) == set()
    assert silence.look(seen, 1000) == set(), "this process was stopped, or its database was away"
    for now in range(1005, 1030, 5):
        assert silence.look(seen, now) == set()
    assert silence.look(seen, 1030) == {"a"}
    assert silence.look({"a": timezone.now()}, 1035) == set()


def test_an_emulator_that_begins_to_drain_after_it_was_chosen_gets_no_lab(
    both: tuple[str, str], emulator: Running, postbox: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    able = emulators.candidates()
    monkeypatch.setattr(emulators, "candidates_soon", lambda: able)
    first, second = able
    set_draining([first], True)
    made = [services.create_lab(postbox, f"visitor {number}").lab for number in range(2)]
    assert {lab.emulator for lab in made} == {second}
    set_draining([second], True)
    with pytest.raises(TargetDown, match="being upgraded"):
        services.create_lab(postbox, "too late")
    assert emulators.live_labs(able) == 2


def test_draining_begins_once_a_lab_that_is_being_admitted_has_its_row(emulator: Running, lab: Lab) -> None:
    admitted, begun, drained = threading.Event(), threading.Event(), threading.Event()
    left = []

    def drain() -> None:
        admitted.wait(60)
        begun.set()
        set_draining([instance_id()], True)
        left.append(emulators.live_labs([instance_id()]))
        drained.set()
        connection.close()

    drainer = threading.Thread(target=drain)
    drainer.start()
    with services.admitted("owner", "") as (chosen, _):
        admitted.set()
        assert begun.wait(60)
        assert not drained.wait(0.3), "the lab has no row that others see"
        lab.pk, lab.stack, lab.emulator, lab._state.adding = "being-admitted-now", "none", chosen.place.key, True
        lab.save(force_insert=True)
    drainer.join(60)
    assert left == [2]


def test_a_draining_emulator_keeps_its_labs_and_takes_no_new_ones(
    emulator: Running, another: Running, lab: Lab, deploy: Deploy, postbox: Pattern
) -> None:
    set_draining([instance_id()], True)
    note_answers()
    with pytest.raises(TargetDown, match="upgraded"):
        services.create_lab(postbox, "somebody")
    note_answer(Place("the-new-one", another.url), another.boot_id)
    made = deploy(postbox, "somebody else")
    assert (made.emulator, made.endpoint) == ("the-new-one", another.url), "the new instance's takes them"
    assert run(call_edge(lab.pk, "GET", "/look", {})).status == 200
    set_draining([instance_id()], False)
    assert deploy(postbox, "later").emulator == instance_id()
    services.delete_lab(made)


def test_an_instance_that_ends_says_so_for_its_labs(theirs: Lab) -> None:
    stack = stacks(theirs)
    assert forget("another-instance") == 1
    gone = Lab.objects.get(pk=theirs.pk)
    assert (gone.status, gone.cleaned) == (Status.GONE, True)
    Lab.objects.filter(pk=theirs.pk).update(status=Status.READY, cleaned=False, emulator=theirs.endpoint)
    assert theirs.stack in stack


def test_an_emulator_started_again_loses_its_own_labs_and_no_others(
    emulator: Running, lab: Lab, theirs: Lab, settings: Settings
) -> None:
    Lab.objects.filter(pk=lab.pk).update(boot_id="earlier")
    Lab.objects.filter(pk=theirs.pk).update(boot_id="unknown here")
    janitor.sweep()
    assert Lab.objects.get(pk=lab.pk).status == Status.GONE
    assert Lab.objects.get(pk=theirs.pk).status == Status.READY
    Lab.objects.filter(pk=theirs.pk).update(boot_id=theirs.boot_id)
    Lab.objects.filter(pk=lab.pk).update(status=Status.READY, boot_id=lab.boot_id)


def test_heard_of_lists_also_what_has_labs_and_was_never_heard_of(emulator: Running) -> None:
    Lab.objects.create(pattern="p", owner="o", emulator="unheard", stack="t", expires_at=timezone.now())
    assert emulators.heard_of() == {"unheard": None}
