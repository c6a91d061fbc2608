"""The keys with which suppressed addresses are hashed, and the proof that the right ones are set.

A hash made with a key that is no longer known matches nothing: an import would bring an erased address back. So each
row carries its key's check value (`Suppression.key_id`), and a row whose key is not set is an error.
"""

from dataclasses import dataclass, field
from functools import lru_cache

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db.models import Count
from django.utils.crypto import salted_hmac

from catalogue.newsletter.models import Suppression

REMEDY = (
    "Add the key that was used (SUPPRESSION_KEY, or without one the SECRET_KEY of that time) to "
    "SUPPRESSION_KEY_FALLBACKS. `manage.py rotate_keys` shows how many rows depend on which key."
)


class WrongKey(ImproperlyConfigured):
    """Addresses are suppressed under a key that is not set."""


@dataclass(frozen=True)
class Key:
    secret: str = field(repr=False)
    setting: str
    """Where the key stands, for the operator."""

    @property
    def id(self) -> str:
        """The check value: 16 hex digits that tell keys apart and nothing about them."""
        return salted_hmac("newsletter.suppression.key", "id", secret=self.secret, algorithm="sha256").hexdigest()[:16]

    def hash(self, address: str) -> str:
        """The keyed hash of an address in its canonical form (`Address.key`): 64 hex digits."""
        return salted_hmac("newsletter.suppression", address, secret=self.secret, algorithm="sha256").hexdigest()


def configured() -> tuple[Key, ...]:
    """The key for new hashes, then all whose hashes still match.

    Without SUPPRESSION_KEY the site's own key serves. SECRET_KEY and its fallbacks always match, since hashes were made
    with it before SUPPRESSION_KEY was set.
    """
    return _keys(
        settings.SUPPRESSION_KEY,
        tuple(settings.SUPPRESSION_KEY_FALLBACKS),
        settings.SECRET_KEY,
        tuple(settings.SECRET_KEY_FALLBACKS),
    )


@lru_cache(maxsize=8)
def _keys(own: str, fallbacks: tuple[str, ...], site: str, site_fallbacks: tuple[str, ...]) -> tuple[Key, ...]:
    named = [
        *([Key(own, "SUPPRESSION_KEY")] if own else [Key(site, "SECRET_KEY")]),
        *(Key(one, "SUPPRESSION_KEY_FALLBACKS") for one in fallbacks),
        Key(site, "SECRET_KEY"),
        *(Key(one, "SECRET_KEY_FALLBACKS") for one in site_fallbacks),
    ]
    by_secret: dict[str, Key] = {}
    for key in named:
        by_secret.setdefault(key.secret, key)
    return tuple(by_secret.values())


def rows_by_key() -> dict[str, int]:
    """How many suppressed addresses are hashed with each key, by its id."""
    return dict(Suppression.objects.order_by().values_list("key_id").annotate(Count("pk")))


def unmatched() -> int:
    """How many suppressed addresses no key that is set would match."""
    known = {key.id for key in configured()}
    return sum(count for key_id, count in rows_by_key().items() if key_id not in known)


def require_all() -> None:
    """Raises WrongKey if any suppressed address would not be recognized."""
    lost = unmatched()
    if lost:
        raise WrongKey(f"{lost} suppressed addresses were hashed with a key that is not set. {REMEDY}")


_verified: set[tuple[Key, ...]] = set()


def require_once() -> None:
    """As `require_all`, asked of the database once in a process for the keys that are set."""
    if configured() not in _verified:
        require_all()
        _verified.add(configured())
