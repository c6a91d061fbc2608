import time
import uuid
from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.newsletter.models import Subscriber
from catalogue.newsletter.subscribers import tokens

SUBSCRIBER = Subscriber(ref=uuid.UUID(int=7), epoch=3, new_key="new@example.org")


def days_later(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + timedelta(days=days).total_seconds())


def test_a_token_says_who_and_which_subscription() -> None:
    assert tokens.read_confirm(tokens.confirm_token(SUBSCRIBER)) == tokens.Confirmation(uuid.UUID(int=7), 3)
    assert tokens.read_unsubscribe(tokens.unsubscribe_token(SUBSCRIBER.ref)) == uuid.UUID(int=7)
    assert tokens.read_preferences(tokens.preferences_token(SUBSCRIBER.ref)) == uuid.UUID(int=7)
    assert tokens.read_move(tokens.move_token(SUBSCRIBER)) == tokens.Move(uuid.UUID(int=7), "new@example.org")


@pytest.mark.parametrize(
    ("token", "read"),
    [(tokens.confirm_token(SUBSCRIBER), tokens.read_confirm), (tokens.move_token(SUBSCRIBER), tokens.read_move)],
)
def test_what_confirms_lives_for_seven_days(
    monkeypatch: pytest.MonkeyPatch, token: str, read: Callable[[str], object]
) -> None:
    days_later(monkeypatch, 6.9)
    read(token)
    days_later(monkeypatch, 0.2)
    with pytest.raises(tokens.ExpiredToken):
        read(token)


def test_an_expired_confirmation_still_says_who(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.confirm_token(SUBSCRIBER)
    days_later(monkeypatch, 7.1)
    assert tokens.read_confirm(token, also_expired=True).epoch == 3


def test_leaving_never_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.unsubscribe_token(SUBSCRIBER.ref)
    days_later(monkeypatch, 3650)
    assert tokens.read_unsubscribe(token) == SUBSCRIBER.ref


WRITTEN = {
    "confirm": tokens.confirm_token(SUBSCRIBER),
    "unsubscribe": tokens.unsubscribe_token(SUBSCRIBER.ref),
    "preferences": tokens.preferences_token(SUBSCRIBER.ref),
    "move": tokens.move_token(SUBSCRIBER),
}
READERS: dict[str, Callable[[str], object]] = {
    "confirm": tokens.read_confirm,
    "unsubscribe": tokens.read_unsubscribe,
    "preferences": tokens.read_preferences,
    "move": tokens.read_move,
}


@pytest.mark.parametrize("purpose", WRITTEN)
def test_a_token_is_good_for_its_own_purpose_only(purpose: str) -> None:
    for other, read in READERS.items():
        if other != purpose:
            with pytest.raises(tokens.BadToken):
                read(WRITTEN[purpose])


@pytest.mark.parametrize("token", WRITTEN.values(), ids=WRITTEN)
def test_a_token_with_any_character_missing_or_changed_is_refused(token: str) -> None:
    for at in range(len(token)):
        other = "A" if token[at] != "A" else "B"
        for damaged in (token[:at], token[:at] + token[at + 1 :], token[:at] + other + token[at + 1 :]):
            refuse(damaged)


@given(st.text() | st.text(alphabet="abcABC012-_.:"))
def test_made_up_tokens_are_refused(token: str) -> None:
    refuse(token)


def test_a_token_needs_no_escaping_in_an_address() -> None:
    for token in WRITTEN.values():
        assert set(token) <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.")


def refuse(token: str) -> None:
    for read in READERS.values():
        with pytest.raises(tokens.BadToken):
            read(token)
