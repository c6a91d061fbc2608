"""The links in our mail: signed statements of who and what for, each purpose with a salt of its own.

A token proves that we wrote it for one subscriber; whether its wish still makes sense is for `services`
to decide from the row. Tokens carry the row's random reference, so they tell nothing about its neighbours.
"""

import uuid
from dataclasses import dataclass
from datetime import timedelta

from django.core import signing
from django.urls import reverse

from catalogue.context import absolute
from catalogue.newsletter.models import Subscriber

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
    return signing.Signer(salt="newsletter.unsubscribe", sep=".")


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


def confirm_url(subscriber: Subscriber) -> str:
    return absolute(reverse("newsletter:confirm", args=[confirm_token(subscriber)]))


def unsubscribe_url(subscriber: Subscriber) -> str:
    return absolute(reverse("newsletter:unsubscribe", args=[unsubscribe_token(subscriber.ref)]))
