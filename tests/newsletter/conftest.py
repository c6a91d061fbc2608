from collections.abc import Iterator

import pytest
from pytest_django.fixtures import Settings

from tests.postgres import Cluster, running_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as started:
        yield started


@pytest.fixture(autouse=True)
def mailbox(settings: Settings) -> None:
    """Mail goes where it goes in development."""
    settings.MAIL_TRANSPORT = "mailbox"
    settings.MAILBOX = True
    settings.MAILERS = {"default": {"BACKEND": "catalogue.newsletter.mailbox.backend.MailboxBackend"}}
