"""Django for a command: settings of its own, and a VAR_DIR that is deleted with it."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

_OWN = ("DATABASE_URL", "CACHE_URL", "LABS_ENDPOINTS", "LABS_TARGET", "SITE_URL", "CONTENT_DIR", "EMBEDDED_AWS_URL")
"""Settings of a site that may be in the environment and must not reach a command's own."""
FOLDER_PREFIX = "serverless-patterns-"


@contextmanager
def own_site(**settings: str) -> Iterator[Path]:
    """Django set up for the length of the block, with these settings as environment variables.

    The block gets its VAR_DIR.
    """
    with TemporaryDirectory(prefix=FOLDER_PREFIX) as folder:
        for name in _OWN:
            os.environ.pop(name, None)
        os.environ |= {
            "DJANGO_SETTINGS_MODULE": "catalogue.settings",
            "VAR_DIR": folder,
            "SECRET_KEY": secrets.token_urlsafe(48),
            "DEBUG": "1",
            "MAIL_TRANSPORT": "mailbox",
            **settings,
        }
        # It reads the settings from the environment, which is ready only now.
        import django

        django.setup()
        yield Path(folder)
