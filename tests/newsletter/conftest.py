import pytest
from pytest_django.fixtures import Settings


@pytest.fixture(autouse=True)
def mailbox(settings: Settings) -> None:
    """Mail goes where it goes in development."""
    settings.MAIL_TRANSPORT = "mailbox"
    settings.MAILBOX = True
    settings.MAILERS = {"default": {"BACKEND": "catalogue.newsletter.mailbox.backend.MailboxBackend"}}
