"""What an SMTP server says, told apart by what must happen next."""

import pytest

from catalogue.newsletter.outcomes import Outcome, of_reply


@pytest.mark.parametrize(
    ("code", "said", "outcome"),
    [
        (550, "5.1.1 <ada@example.com>: unknown user", Outcome.NO_SUCH_MAILBOX),
        (550, "5.1.1 unknown user (sender was told)", Outcome.NO_SUCH_MAILBOX),
        (550, "5.1.10 the domain takes no mail", Outcome.NO_SUCH_MAILBOX),
        (550, "5.2.1 disabled", Outcome.NO_SUCH_MAILBOX),
        (550, "no such user", Outcome.NO_SUCH_MAILBOX),
        (551, "not here", Outcome.NO_SUCH_MAILBOX),
        (553, "bad name", Outcome.NO_SUCH_MAILBOX),
        (552, "5.2.2 mailbox full", Outcome.PERMANENT),
        (554, "no thanks", Outcome.PERMANENT),
        (550, "5.1.7 bad sender", Outcome.TEMPORARY),
        (550, "5.1.8 bad domain of the sender", Outcome.TEMPORARY),
        (550, "5.7.1 blocked by our list", Outcome.TEMPORARY),
        (550, "5.7.26 unauthenticated", Outcome.TEMPORARY),
        (530, "log in", Outcome.TEMPORARY),
        (554, "relay access denied", Outcome.TEMPORARY),
        (450, "4.2.0 later", Outcome.TEMPORARY),
        (451, "4.7.1 greylisted, come again", Outcome.TEMPORARY),
        (450, "4.7.25 no reverse name", Outcome.TEMPORARY),
        (451, "4.7.1 too many messages", Outcome.THROTTLED),
        (451, "4.7.650 the rate is too high", Outcome.THROTTLED),
        (454, "4.7.0 later", Outcome.THROTTLED),
        (452, "4.3.2 not now", Outcome.THROTTLED),
        (421, "bye", Outcome.THROTTLED),
    ],
)
def test_said_of_a_recipient(code: int, said: str, outcome: Outcome) -> None:
    assert of_reply(code, said, about_recipient=True).outcome is outcome


@pytest.mark.parametrize(
    ("code", "said", "outcome"),
    [
        (554, "looks like spam", Outcome.PERMANENT),
        (550, "5.1.1 unknown", Outcome.PERMANENT),
        (550, "5.7.26 neither SPF nor DKIM passed", Outcome.TEMPORARY),
        (535, "wrong password", Outcome.TEMPORARY),
        (451, "4.7.1 not so fast", Outcome.THROTTLED),
        (452, "mailbox full", Outcome.TEMPORARY),
    ],
)
def test_said_of_sender_or_content(code: int, said: str, outcome: Outcome) -> None:
    assert of_reply(code, said.encode(), about_recipient=False).outcome is outcome
