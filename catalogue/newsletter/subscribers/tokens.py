"""The links in our mail: signed statements of who and what for, each purpose with a salt of its own.

A token proves that we wrote it for one subscriber; whether its wish still makes sense is for `services`
to decide from the row. Tokens carry the row's random reference, so they tell nothing about its neighbors.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from django.conf import settings
from django.core import signing
from django.urls import reverse

from catalogue.newsletter.models import Subscriber
from catalogue.web.context import absolute

CONFIRM_LIFETIME = timedelta(days=7)


class BadToken(Exception):
    """Not written by us, or not whole, or meant for something else."""


class ExpiredToken(Exception):
    """Genuine, but older than a confirmation link lives."""


@dataclass(frozen=True)
class Confirmation:
    ref: uuid.UUID
    epoch: int


def _confirm_signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="newsletter.confirm", sep=".")


def _unsubscribe_signer() -> signing.Signer:
    return _signer("newsletter.unsubscribe", settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))


def _preferences_signer() -> signing.Signer:
    return _signer("newsletter.preferences", settings.SECRET_KEY, tuple(settings.SECRET_KEY_FALLBACKS))


@lru_cache(maxsize=8)
def _signer(salt: str, key: str, fallbacks: tuple[str, ...]) -> signing.Signer:
    """Kept, since each mail of an update is signed with two."""
    return signing.Signer(salt=salt, sep=".", key=key, fallback_keys=list(fallbacks))


def _move_signer() -> signing.TimestampSigner:
    return signing.TimestampSigner(salt="newsletter.move", sep=".")


def confirm_token(subscriber: Subscriber) -> str:
    return _confirm_signer().sign_object([subscriber.ref.hex, subscriber.epoch])


def read_confirm(token: str, *, also_expired: bool = False) -> Confirmation:
    """Raises `BadToken`, or `ExpiredToken` after `CONFIRM_LIFETIME` unless asked to overlook it."""
    try:
        ref, epoch = _confirm_signer().unsign_object(token, max_age=None if also_expired else CONFIRM_LIFETIME)
    except signing.SignatureExpired as error:
        raise ExpiredToken from error
    except signing.BadSignature as error:
        raise BadToken from error
    return Confirmation(uuid.UUID(hex=ref), epoch)


def unsubscribe_token(ref: uuid.UUID) -> str:
    """Lives as long as the mail it stands in: leaving never expires."""
    return _unsubscribe_signer().sign_object([ref.hex])


def read_unsubscribe(token: str) -> uuid.UUID:
    """The subscriber's reference. Raises `BadToken`."""
    try:
        (ref,) = _unsubscribe_signer().unsign_object(token)
    except signing.BadSignature as error:
        raise BadToken from error
    return uuid.UUID(hex=ref)


def preferences_token(ref: uuid.UUID) -> str:
    """Opens the preference page: as long-lived as the mail it stands in."""
    return _preferences_signer().sign_object([ref.hex])


def read_preferences(token: str) -> uuid.UUID:
    """The subscriber's reference. Raises `BadToken`."""
    try:
        (ref,) = _preferences_signer().unsign_object(token)
    except signing.BadSignature as error:
        raise BadToken from error
    return uuid.UUID(hex=ref)


@dataclass(frozen=True)
class Move:
    """A wish to get mail at another address; void once another new address is asked for."""

    ref: uuid.UUID
    new_key: str


def move_token(subscriber: Subscriber) -> str:
    return _move_signer().sign_object([subscriber.ref.hex, subscriber.new_key])


def read_move(token: str) -> Move:
    """Raises `BadToken`, or `ExpiredToken` after `CONFIRM_LIFETIME`."""
    try:
        ref, new_key = _move_signer().unsign_object(token, max_age=CONFIRM_LIFETIME)
    except signing.SignatureExpired as error:
        raise ExpiredToken from error
    except signing.BadSignature as error:
        raise BadToken from error
    return Move(uuid.UUID(hex=ref), new_key)


def confirm_url(subscriber: Subscriber) -> str:
    return absolute(reverse("newsletter:confirm", args=[confirm_token(subscriber)]))


def unsubscribe_url(subscriber: Subscriber) -> str:
    return absolute(reverse("newsletter:unsubscribe", args=[unsubscribe_token(subscriber.ref)]))


class Links:
    """Addresses made by putting a token between two texts: resolving each again would cost more than the mail."""

    def __init__(self) -> None:
        self._unsubscribe = self._around("newsletter:unsubscribe")
        self._preferences = self._around("newsletter:preferences")

    @staticmethod
    def _around(name: str) -> tuple[str, str]:
        before, _, after = absolute(reverse(name, args=["TOKEN"])).partition("TOKEN")
        return before, after

    def unsubscribe(self, token: str) -> str:
        return token.join(self._unsubscribe)

    def preferences(self, token: str) -> str:
        return token.join(self._preferences)


def preferences_url(ref: uuid.UUID) -> str:
    return absolute(reverse("newsletter:preferences", args=[preferences_token(ref)]))


def move_url(subscriber: Subscriber) -> str:
    return absolute(reverse("newsletter:move", args=[move_token(subscriber)]))
