"""Messages that Amazon SNS posts, and the proof that they come from it.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import http.client
import json
import re
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore import UNSIGNED
from botocore.config import Config
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

_TYPES = ("Notification", "SubscriptionConfirmation", "UnsubscribeConfirmation")
_SIGNED = {
    "Notification": ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
    "SubscriptionConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
    "UnsubscribeConfirmation": ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"),
}
_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {"1": hashes.SHA1, "2": hashes.SHA256}
_ARN = re.compile(r"arn:aws[a-z-]*:sns:([a-z0-9-]+):[0-9]{12}:[A-Za-z0-9_-]{1,256}")
_MOST_CERTIFICATE_BYTES = 20_000
_TIMEOUT = 5
_COME_AGAIN = (408, 429)
"""Statuses by which a server says that it would answer later."""


class BadMessage(ValueError):
    """The body is no message of SNS."""


class Forged(Exception):
    """The message is not from the topic, or its signature is not right."""


@dataclass(frozen=True)
class Message:
    type: str
    id: str
    topic: str
    text: str
    """What was published, or the explanation of a confirmation."""
    token: str
    """Of a SubscriptionConfirmation."""


def read(body: bytes, topic: str) -> Message:
    """The message of this topic, its signature verified. Raises BadMessage, Forged.

    Raises OSError if the signing certificate cannot be had now: SNS then delivers again.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadMessage("The body is not JSON.") from error
    if not isinstance(fields, dict) or fields.get("Type") not in _TYPES:
        raise BadMessage(f"The body is not an SNS message: Type must be one of {', '.join(_TYPES)}.")
    needed = [name for name in _SIGNED[fields["Type"]] if name != "Subject"]
    for name in (*needed, "SignatureVersion", "Signature", "SigningCertURL"):
        if not isinstance(fields.get(name), str):
            raise BadMessage(f"The message has no {name}.")
    if not (fields["MessageId"].isascii() and fields["MessageId"].isprintable()):
        raise BadMessage("The MessageId is not in SNS's format.")
    if fields["TopicArn"] != topic:
        raise Forged("The message is from another topic.")
    _verify(fields, topic)
    return Message(fields["Type"], fields["MessageId"], topic, fields["Message"], fields.get("Token", ""))


def confirm(message: Message) -> None:
    """Accept the topic's subscription. Calls SNS itself and no address that the message names.

    Raises botocore's errors.
    """
    client = boto3.client("sns", region_name=region(message.topic), config=Config(signature_version=UNSIGNED))
    client.confirm_subscription(TopicArn=message.topic, Token=message.token)


def region(topic: str) -> str:
    """The region of a topic's ARN. Raises ValueError."""
    found = _ARN.fullmatch(topic)
    if found is None:
        raise ValueError(f"{topic!r} is not the ARN of a topic.")
    return found[1]


def string_to_sign(fields: dict[str, Any]) -> bytes:
    """The signed fields in their order, each name and value on a line; Subject only where there is one."""
    names = [name for name in _SIGNED[fields["Type"]] if fields.get(name) is not None]
    # JSON may escape half a surrogate pair: that is no text, and the signature then does not fit.
    return "".join(f"{name}\n{fields[name]}\n" for name in names).encode("utf-8", "surrogatepass")


def _verify(fields: dict[str, Any], topic: str) -> None:
    algorithm = _HASHES.get(fields["SignatureVersion"])
    if algorithm is None:
        raise Forged("The version of the signature is unknown.")
    if not _is_certificate_address(fields["SigningCertURL"], region(topic)):
        raise Forged("The signing certificate does not come from SNS.")
    try:
        signature = base64.b64decode(fields["Signature"], validate=True)
    except ValueError as error:  # also of letters outside ASCII, which are no binascii.Error
        raise Forged("The signature is not Base64.") from error
    try:
        signing_key(fields["SigningCertURL"]).verify(signature, string_to_sign(fields), padding.PKCS1v15(), algorithm())
    except InvalidSignature as error:
        raise Forged("The signature does not match the message.") from error


def _is_certificate_address(url: str, region: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    hosts = {f"sns.{region}.amazonaws.com", f"sns.{region}.amazonaws.com.cn"}
    return (
        parts.scheme == "https"
        and parts.hostname in hosts
        and port is None
        and bool(re.fullmatch(r"/SimpleNotificationService-[A-Za-z0-9]+\.pem", parts.path))
        # nothing beside them, such as a user, a query, or a line break that urlsplit passes over
        and url == f"https://{parts.hostname}{parts.path}"
    )


@lru_cache(maxsize=8)
def signing_key(url: str) -> rsa.RSAPublicKey:
    """The key of a certificate of SNS. Nothing is kept where it raises.

    Raises Forged if SNS has no such certificate, OSError if it cannot be had now, or what came is none.
    """
    try:
        key = x509.load_pem_x509_certificate(fetch_certificate(url)).public_key()
    except ValueError as error:
        raise OSError(f"{url} is not a certificate: {error}") from error
    if not isinstance(key, rsa.RSAPublicKey):
        raise OSError(f"The certificate {url} has no RSA key.")
    return key


def fetch_certificate(url: str) -> bytes:
    """The certificate as PEM. The address has been checked to be SNS's own.

    Raises Forged if SNS has no such certificate, OSError if it cannot be had now.
    """
    try:
        with urllib.request.urlopen(url, timeout=_TIMEOUT) as response:  # noqa: S310  (https at a host of SNS only)
            return bytes(response.read(_MOST_CERTIFICATE_BYTES))
    except urllib.error.HTTPError as error:
        error.close()
        if 400 <= error.code < 500 and error.code not in _COME_AGAIN:
            raise Forged("SNS has no such signing certificate.") from error
        raise
    except http.client.HTTPException as error:
        raise OSError(f"{url}: {error!r}") from error
