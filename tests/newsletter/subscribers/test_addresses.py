import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.newsletter.subscribers.addresses import BadAddress, parse


@pytest.mark.parametrize(
    "text",
    [
        "ada@example.com",
        "  ada@example.com\n",
        "a.b+c_d@mail.example.co.uk",
        "o'neill@example.com",
        "ada@bücher.example.com",
    ],
)
def test_ordinary_addresses_are_accepted(text: str) -> None:
    assert parse(text).text == text.strip()


def test_the_address_is_kept_as_written_and_recognised_in_any_case() -> None:
    written = parse("Ada.Lovelace@Example.COM")
    assert written.text == "Ada.Lovelace@example.com"
    assert written.key == parse("ada.lovelace@example.com").key == "ada.lovelace@example.com"


def test_a_domain_is_recognised_in_both_its_spellings() -> None:
    assert parse("ada@bücher.example.com").key == parse("ada@xn--bcher-kva.example.com").key


@pytest.mark.parametrize(
    "text",
    [
        "",
        "   ",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@localhost",
        "ada example.com",
        "ada@exa mple.com",
        "Ada <ada@example.com>",
        "ada@example.com, bob@example.com",
        "ada@[127.0.0.1]",
        '"ada\\"@x"@example.com',
        "ädä@example.com",
        "ada@example.com\r\nBcc: bob@example.com",
        "ada\n@example.com",
        "ada\0@example.com",
        "ada@example.com%0aBcc:bob@example.com",
        "a" * 65 + "@example.com",
        "a@" + "b" * 300 + ".com",
        "ada@" + "ü" * 60 + "." + "ü" * 60 + "." + "ü" * 60 + ".com",
        "ada@\ud800.com",
    ],
)
def test_what_no_mail_can_be_sent_to_is_refused(text: str) -> None:
    with pytest.raises(BadAddress):
        parse(text)


@given(st.text() | st.emails() | st.text(alphabet='ab@."\\<>,:;()[] \r\n\t\0%-_ü\ud800'))
def test_any_text_is_either_an_address_without_line_breaks_or_refused(text: str) -> None:
    try:
        address = parse(text)
    except BadAddress:
        pass
    else:
        assert not set("\r\n\0 <>,") & set(address.text)
        assert parse(address.text) == address
        assert parse(address.text.upper()).key == address.key
