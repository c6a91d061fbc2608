"""Messages built once and filled by joining bytes, parsed back by the standard library."""

from email import message_from_bytes, policy
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.newsletter.delivery.transports.smtp import stuffed
from catalogue.newsletter.mail import mime

TEXT = st.text(st.characters(exclude_characters="⟦⟧\r", exclude_categories=["Cs", "Cc"]) | st.just("\n"), max_size=400)
LINK = "https://patterns.example.com/newsletter/unsubscribe/" + "abcDEF-_.:" * 14


def parsed(raw: bytes) -> EmailMessage:
    message = message_from_bytes(raw, policy=policy.default)
    assert not message.defects
    return message


def part(message: EmailMessage, kind: str) -> str:
    found = message.get_body((kind,))
    assert found is not None
    assert not found.defects
    return str(found.get_content()).replace("\r\n", "\n").removesuffix("\n")


def build(text: str = "Hello", html: str = "<p>Hello</p>", **lines: str) -> mime.MessageTemplate:
    headers: dict[str, str | Address | list[Address]] = {
        "From": Address("Größe & Co", addr_spec="us@example.com"),
        "Subject": "Neu: Größe",
    }
    return mime.build(headers=headers, lines={"To": mime.place("to"), **lines}, text=text, html=html)


@given(before=TEXT, after=TEXT)
def test_what_is_written_is_what_is_read(before: str, after: str) -> None:
    content = before + mime.place("url") + after
    raw = build(content, content).fill({"to": "ada@example.com", "url": LINK})
    message = parsed(raw)
    expected = (before + LINK + after).removesuffix("\n")
    assert part(message, "plain") == expected
    assert part(message, "html") == expected
    assert raw.isascii()
    assert all(len(line) <= 78 for line in raw.split(b"\r\n"))
    assert b"\n" not in raw.replace(b"\r\n", b"")


def test_headers_are_encoded_and_the_text_comes_first() -> None:
    message = parsed(build().fill({"to": "ada@example.com"}))
    assert message["From"] == "Größe & Co <us@example.com>"
    assert message["Subject"] == "Neu: Größe"
    assert message["To"] == "ada@example.com"
    assert [one.get_content_type() for one in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("value", ["a@b.c\r\nBcc: x@y.z", "a\nb", "ä@b.c", "a\0b"])
def test_no_value_can_add_a_header(value: str) -> None:
    with pytest.raises(mime.BadHeader):
        build().fill({"to": value})


def test_no_subject_can_add_a_header() -> None:
    with pytest.raises(mime.BadHeader):
        mime.build(headers={"Subject": "Hello\r\nBcc: x@y.z"}, lines={}, text="", html="")


def test_every_place_needs_a_value() -> None:
    with pytest.raises(KeyError):
        build(text=mime.place("missing")).fill({"to": "ada@example.com"})


@pytest.mark.parametrize(
    ("content", "sent"),
    [
        (b"a\r\n", b"a\r\n.\r\n"),
        (b"a", b"a\r\n.\r\n"),
        (b".a\r\n.\r\n..b\r\n", b"..a\r\n..\r\n...b\r\n.\r\n"),
    ],
)
def test_a_line_of_one_dot_does_not_end_the_mail(content: bytes, sent: bytes) -> None:
    assert stuffed(content) == sent
