import pytest
from pytest_django.fixtures import Settings

from tests.newsletter.helpers import use_backend

MAILBOX = "catalogue.newsletter.mailbox.backend.MailboxBackend"


@pytest.fixture(autouse=True)
def mailbox(settings: Settings) -> None:
    """Mail goes where it goes in development."""
    use_backend(settings, MAILBOX)
    settings.MAILBOX = True
