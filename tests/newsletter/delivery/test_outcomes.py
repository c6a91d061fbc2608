"""What an SMTP server says, told apart by what must happen next."""

import pytest

from catalogue.newsletter.delivery.sending.outcomes import Outcome, Result, of_reply


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


@pytest.mark.parametrize("about_recipient", [True, False])
@pytest.mark.parametrize(
    ("code", "said", "outcome"),
    [
        (400, "later", Outcome.TEMPORARY),
        (400, "4.7.0 too many messages", Outcome.THROTTLED),
        (499, "4.7.0 too many messages", Outcome.THROTTLED),
        (399, "4.7.0 too many messages", Outcome.TEMPORARY),
        (500, "4.7.0 too many messages", Outcome.PERMANENT),
        (499, "no", Outcome.TEMPORARY),
        (500, "no", Outcome.PERMANENT),
        (599, "no", Outcome.PERMANENT),
        (600, "no", Outcome.TEMPORARY),
        (600, "5.1.1 unknown user", Outcome.TEMPORARY),
        (538, "encryption required", Outcome.TEMPORARY),
    ],
)
def test_the_ends_of_each_class_of_replies(code: int, said: str, outcome: Outcome, about_recipient: bool) -> None:
    assert of_reply(code, said, about_recipient=about_recipient).outcome is outcome


def test_the_detail_is_the_reply_in_at_most_a_thousand_characters() -> None:
    assert of_reply(550, b"no such user", about_recipient=True).detail == "550 no such user"
    assert of_reply(550, "", about_recipient=True).detail == "550"
    assert of_reply(550, "x" * 2000, about_recipient=True).detail == "550 " + "x" * 996


def test_a_result_keeps_what_every_database_can_store() -> None:
    result = Result(Outcome.SENT, "a\0b\ud800" + "x" * 1000, "i" * 300)
    assert result.detail == "ab?" + "x" * 997
    assert result.provider_id == "i" * 200


@pytest.mark.parametrize("code", [501, 599, 600])
def test_a_wish_for_less_counts_in_a_temporary_reply_only(code: int) -> None:
    assert of_reply(code, "4.7.0 too many messages", about_recipient=False).outcome is not Outcome.THROTTLED
