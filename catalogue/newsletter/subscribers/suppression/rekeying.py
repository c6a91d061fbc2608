"""Moves suppressed addresses from an earlier key to the present one, as far as the addresses are known."""

from collections.abc import Callable, Iterator
from itertools import batched

from django.db import transaction

from catalogue.newsletter.models import Subscriber, Suppression
from catalogue.newsletter.subscribers.suppression import keys as suppression_keys

_CHUNK = 500


def rehash(progress: Callable[[int], None] = lambda count: None) -> int:
    """Hash again, with the present key, each suppressed address that a subscriber's row still names. Returns how many.

    May be repeated, and broken off at any moment. Who was erased is known by the old hash alone: those rows stay, and
    need their key in SUPPRESSION_KEY_FALLBACKS. Raises WrongKey if a key is missing.
    """
    suppression_keys.require_all()
    current, *earlier = suppression_keys.configured()
    moved = 0
    for addresses in batched(_known_addresses(), _CHUNK, strict=False):
        wanted = {key.hash(address): current.hash(address) for address in addresses for key in earlier}
        with transaction.atomic():
            for row in Suppression.objects.select_for_update().filter(key_hash__in=list(wanted)):
                moved += _move(row, wanted[row.key_hash], current)
        progress(len(addresses))
    return moved


def _move(row: Suppression, key_hash: str, current: suppression_keys.Key) -> int:
    same = Suppression.objects.filter(key_hash=key_hash)
    if row.reason != Suppression.Reason.ERASED:
        same.filter(reason=Suppression.Reason.ERASED).delete()  # the stronger of two reasons stays
    if same.exists():
        row.delete()
    else:
        Suppression.objects.filter(pk=row.pk).update(key_hash=key_hash, key_id=current.id)
    return 1


def _known_addresses() -> Iterator[str]:
    for key, new_key in Subscriber.objects.order_by("pk").values_list("key", "new_key").iterator(chunk_size=_CHUNK):
        yield key
        if new_key:
            yield new_key
