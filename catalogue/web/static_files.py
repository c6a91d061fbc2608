"""Static files where the site serves them from, gathered again only when one has changed."""

from django.conf import settings
from django.core.management import call_command

from catalogue.base import fingerprint


def collect() -> None:
    """`collectstatic`, if anything has changed since the last time: it takes a second even if nothing has."""
    stamp = settings.VAR_DIR / "static.stamp"
    made_of = fingerprint.static()
    if not stamp.exists() or stamp.read_text() != made_of:
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(made_of)
