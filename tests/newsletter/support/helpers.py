import json
import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from django.db.models import Model
from django.test import Client
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.models import ConsentRecord, Delivery, MailboxMessage, Subscriber, SubscribeRequest
from catalogue.newsletter.subscribers import requests, tokens

SUBSCRIBE = "/newsletter/subscribe"
type Answer = Any  # django.test's response, whose class exists for the type checker only


def use_smtp(settings: Settings, port: int, connections: int = 1) -> None:
    """Send mail to an SMTP server on this machine."""
    settings.MAIL_TRANSPORT = "smtp"
    settings.SMTP_HOST = "127.0.0.1"
    settings.SMTP_PORT = port
    settings.SMTP_TIMEOUT = 5
    settings.NEWSLETTER_CONNECTIONS = connections


def snapshot() -> list[list[dict[str, Any]]]:
    """Everything the newsletter knows, to tell whether a request changed any of it."""
    models: list[type[Model]] = [Subscriber, Delivery, ConsentRecord, SubscribeRequest]
    return [list(model._default_manager.order_by("pk").values()) for model in models]


def post(client: Client, fields: dict[str, Any], as_json: bool = False, **headers: str) -> Answer:
    """Send the subscribe form, from a browser or as JSON."""
    if as_json:
        return post_json(client, json.dumps(fields), **headers)
    return client.post(SUBSCRIBE, fields, headers=headers)


def post_json(client: Client, body: str | bytes, **headers: str) -> Answer:
    headers = {"accept": "application/json"} | headers
    return client.generic("POST", SUBSCRIBE, body, "application/json", headers=headers)


def subscribe(client: Client, email: str = "ada@example.com") -> None:
    """Ask by the form, and let the mail loop's part of it be done."""
    assert client.post(SUBSCRIBE, {"email": email}).status_code == 303
    requests.answer_all()


def page_of(person: Subscriber) -> str:
    """The path of somebody's preference page."""
    return f"/newsletter/preferences/{tokens.preferences_token(person.ref)}"


def received() -> list[EmailMessage]:
    """Send what is due, as the mail loop does, and read the mailbox, oldest first."""
    requests.answer_all()
    sender.send_due()
    return [
        message_from_bytes(bytes(stored.raw), policy=policy.default) for stored in MailboxMessage.objects.order_by("pk")
    ]


def text_of(message: EmailMessage) -> str:
    part = message.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def link(message: EmailMessage, kind: str) -> str:
    """The path of the confirm or unsubscribe link in a mail's text."""
    found = re.search(rf"^https?://[^/\s]+(/newsletter/{kind}/\S+)\s*$", text_of(message), re.MULTILINE)
    assert found, text_of(message)
    return found.group(1)


def confirmed(client: Client, email: str = "ada@example.com") -> Subscriber:
    """Somebody who has come the whole way."""
    subscribe(client, email)
    assert client.post(link(received()[-1], "confirm")).status_code == 200
    return Subscriber.objects.get(address=email)
