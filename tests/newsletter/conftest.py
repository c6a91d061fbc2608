import logging
from collections.abc import Callable, Iterator

import pytest
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery.reachability import Reachability
from catalogue.newsletter.delivery.sending import connections
from tests.support.postgres import Cluster, running_cluster


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with running_cluster() as started:
        yield started


@pytest.fixture(autouse=True)
def mailbox(settings: Settings) -> None:
    """Mail goes where it goes in development."""
    settings.MAIL_TRANSPORT = "mailbox"
    settings.MAILBOX = True
    settings.MAILERS = {"default": {"BACKEND": "catalogue.newsletter.mail.mailbox.backend.MailboxBackend"}}


@pytest.fixture(autouse=True)
def no_attempt_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the mail server was reached is remembered by the process: no test finds what another has left."""
    monkeypatch.setattr(connections, "mail_server", Reachability())


@pytest.fixture
def errors(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.ERROR)
    return lambda: [record.getMessage() for record in caplog.records if record.levelno >= logging.ERROR]
