import time
import uuid
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.newsletter import tokens
from catalogue.newsletter.models import Subscriber

SUBSCRIBER = Subscriber(ref=uuid.UUID(int=7), epoch=3)


def days_later(monkeypatch: pytest.MonkeyPatch, days: float) -> None:
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + timedelta(days=days).total_seconds())


def test_a_token_says_who_and_which_subscription() -> None:
    assert tokens.read_confirm(tokens.confirm_token(SUBSCRIBER)) == tokens.Confirmation(uuid.UUID(int=7), 3)
    assert tokens.read_unsubscribe(tokens.unsubscribe_token(SUBSCRIBER.ref)) == uuid.UUID(int=7)


def test_a_confirmation_lives_for_seven_days(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.confirm_token(SUBSCRIBER)
    days_later(monkeypatch, 6.9)
    tokens.read_confirm(token)
    days_later(monkeypatch, 0.2)
    with pytest.raises(tokens.ExpiredToken):
        tokens.read_confirm(token)
    assert tokens.read_confirm(token, also_expired=True).epoch == 3


def test_leaving_never_expires(monkeypatch: pytest.MonkeyPatch) -> None:
    token = tokens.unsubscribe_token(SUBSCRIBER.ref)
    days_later(monkeypatch, 3650)
    assert tokens.read_unsubscribe(token) == SUBSCRIBER.ref


def test_a_token_is_good_for_its_own_purpose_only() -> None:
    with pytest.raises(tokens.BadToken):
        tokens.read_confirm(tokens.unsubscribe_token(SUBSCRIBER.ref))
    with pytest.raises(tokens.BadToken):
        tokens.read_unsubscribe(tokens.confirm_token(SUBSCRIBER))


def test_a_token_with_any_character_missing_or_changed_is_refused() -> None:
    for token in (tokens.confirm_token(SUBSCRIBER), tokens.unsubscribe_token(SUBSCRIBER.ref)):
        for at in range(len(token)):
            other = "A" if token[at] != "A" else "B"
            for damaged in (token[:at], token[:at] + token[at + 1 :], token[:at] + other + token[at + 1 :]):
                refuse(damaged)


@given(st.text() | st.text(alphabet="abcABC012-_.:"))
def test_made_up_tokens_are_refused(token: str) -> None:
    refuse(token)


def test_a_token_needs_no_escaping_in_an_address() -> None:
    assert set(tokens.confirm_token(SUBSCRIBER)) <= set(
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."
    )


def refuse(token: str) -> None:
    with pytest.raises(tokens.BadToken):
        tokens.read_confirm(token)
    with pytest.raises(tokens.BadToken):
        tokens.read_unsubscribe(token)
