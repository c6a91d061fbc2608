"""What the examinations look at: settings, name service, SES, the site's own addresses. All of it can be replaced."""

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.conf import settings

from catalogue.newsletter.mail import messages

TIMEOUT = 3.0


class NoAnswer(Exception):
    """The name servers, or the address, did not answer; the message says why."""


class Resolver(Protocol):
    def __call__(self, name: str, kind: str) -> list[str]:
        """The records of a name: TXT joined, MX as host names, PTR and CNAME without the last dot. Empty if there are
        none. Raises NoAnswer.
        """


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    """By lower-case name."""


type Post = Callable[[str, bytes], Reply]
"""POST without following redirects. Raises NoAnswer."""


def ask_dns(name: str, kind: str) -> list[str]:
    import dns.exception
    import dns.resolver

    resolver = dns.resolver.Resolver()
    resolver.lifetime = resolver.timeout = TIMEOUT
    try:
        answer = resolver.resolve(name, kind, search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, ValueError) as error:
        raise NoAnswer(f"{kind} of {name}: {error}") from error
    if kind == "TXT":
        return [b"".join(record.strings).decode("utf-8", "replace") for record in answer]
    if kind == "MX":
        return [str(record.exchange).rstrip(".") for record in answer]
    return [str(record).rstrip(".") for record in answer]


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *args: Any, **kwargs: Any) -> None:
        return None


def post(url: str, body: bytes) -> Reply:
    request = urllib.request.Request(url, data=body, method="POST")  # noqa: S310  (the site's own address)
    try:
        with urllib.request.build_opener(_Stay).open(request, timeout=TIMEOUT) as answer:
            return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()})
    except urllib.error.HTTPError as error:
        return Reply(error.code, {name.lower(): value for name, value in error.headers.items()})
    except (OSError, ValueError) as error:
        raise NoAnswer(f"{url}: {error}") from error


def _ses() -> Any:
    # It loads boto3, which takes a second and is needed with SES only.
    from catalogue.newsletter.delivery.transports.ses import ses_client

    return ses_client()


def _sns() -> Any:
    import boto3

    return boto3.client("sns", region_name=settings.SES_REGION)


@dataclass(frozen=True)
class Site:
    dns: Resolver = ask_dns
    post: Post = post
    ses: Callable[[], Any] = _ses
    sns: Callable[[], Any] = _sns
    domain: str = field(default_factory=messages.sender_domain)
    """Of the From address."""

    @property
    def transport(self) -> str:
        return str(settings.MAIL_TRANSPORT)

    @property
    def sends(self) -> bool:
        """Whether mail leaves the machine at all."""
        return self.transport != "mailbox"
