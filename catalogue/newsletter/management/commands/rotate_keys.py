"""`manage.py rotate_keys`: how to change the site's keys, whether it is right, and what still needs the old ones."""

import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalogue.base import keys
from catalogue.newsletter.subscribers.suppression import keys as suppression_keys
from catalogue.newsletter.subscribers.suppression import rekeying

_STEPS = """\
To change SECRET_KEY, which signs links and cookies:
  1. Set SECRET_KEY to a new key, and add the current one to the front of SECRET_KEY_FALLBACKS (comma-separated).
  2. If SUPPRESSION_KEY is not set, set it too (see below), so that it does not change with SECRET_KEY again.
  3. Restart every process. Links in mails, sessions and labs' cookies keep working.
  4. Remove the fallback when its links may stop working. Sessions and labs' cookies need it for 30 days, confirmation
     links for 7 days. The links to unsubscribe and to preferences in mails need it for as long as they should work.

To change SUPPRESSION_KEY, which hashes addresses that must get no mail:
  1. Set SUPPRESSION_KEY to a new key, and add the current one to the front of SUPPRESSION_KEY_FALLBACKS. (If there is
     no current one, add nothing, as long as SECRET_KEY or one of its fallbacks made the hashes.)
  2. Restart every process, then run `manage.py rotate_keys --rehash`.
  3. Keep the fallback while this command counts rows under it. Only the old hash of an erased address is known, so
     these rows cannot be rehashed.
"""


class Command(BaseCommand):
    help = "Explain and verify a change of SECRET_KEY or SUPPRESSION_KEY. --rehash moves what it can to the new key."
    requires_system_checks = ()  # what it is for may be what they refuse

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rehash", action="store_true", help="rehash suppressed addresses that are known")

    def handle(self, *args: Any, rehash: bool, **options: Any) -> None:
        if rehash:
            try:
                moved = rekeying.rehash()
            except suppression_keys.WrongKey as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{moved} suppressed addresses are now hashed with the current key.")
        else:
            self.stdout.write(_STEPS)
            self.stdout.write(f"A new key: {secrets.token_urlsafe(50)}\n\n")
        self._show_strength()
        self._show_dependence()

    def _show_strength(self) -> None:
        for name in ("SECRET_KEY", "SUPPRESSION_KEY"):
            key = getattr(settings, name)
            if not key:
                self.stdout.write(f"{name} is not set: SECRET_KEY is used instead.")
            elif weak := keys.weakness(key):
                self.stdout.write(f"{name} {weak}.")
            fallbacks = len(getattr(settings, f"{name}_FALLBACKS"))
            self.stdout.write(f"{name}_FALLBACKS holds {fallbacks} earlier key{'' if fallbacks == 1 else 's'}.")

    def _show_dependence(self) -> None:
        """Suppressed addresses by key. Raises CommandError if one of the keys is not set."""
        rows = suppression_keys.rows_by_key()
        known = suppression_keys.configured()
        for number, key in enumerate(known):
            count = rows.pop(key.id, 0)
            note = "the current key" if number == 0 else "remove it when this is 0" if not count else "keep it"
            self.stdout.write(f"{count:>8} suppressed addresses under {key.setting} ({key.id}): {note}")
        for key_id, count in rows.items():
            self.stdout.write(f"{count:>8} suppressed addresses under a key that is NOT SET ({key_id})")
        if rows:
            raise CommandError(f"A key is missing. {suppression_keys.REMEDY}")
