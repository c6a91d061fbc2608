"""E-mail addresses: what is accepted, and the one form by which an address is recognized."""

from dataclasses import dataclass

LONGEST = 254  # RFC 5321, 4.5.3.1.3: a path of 256 octets, less its angle brackets


@dataclass(frozen=True)
class Address:
    text: str  # as written, with the domain in its usual form: mail is sent here
    key: str  # two spellings of one mailbox share it


class BadAddress(ValueError):
    """The text is no address that mail can be sent to; the message tells its author why."""


def parse(text: str) -> Address:
    """Check the syntax (RFC 5322 and 6531, without asking any name server) and normalize.

    Letters outside ASCII are taken in the domain only: mail to such a local part needs SMTPUTF8 at every
    server on its way. Raises `BadAddress`.
    """
    # Its tables are only needed where an address comes in, and not by all that imports this.
    from email_validator import EmailNotValidError, validate_email

    text = text.strip()
    if not text:
        raise BadAddress("Please enter your e-mail address.")
    if len(text) > LONGEST:
        raise BadAddress(f"An e-mail address can have at most {LONGEST} characters; this one has {len(text)}.")
    try:
        checked = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise BadAddress(str(error)) from error
    except UnicodeError as error:
        raise BadAddress("The address contains characters that no e-mail address can have.") from error
    if checked.ascii_email is None or len(checked.ascii_email) > LONGEST:
        raise BadAddress("The address is too long once its domain is written for the mail servers.")
    return Address(text=checked.normalized, key=checked.normalized.lower())
