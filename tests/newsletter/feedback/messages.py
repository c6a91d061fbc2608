"""Messages as SNS sends them: signed by a key of the test's own."""

import base64
import datetime
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID
from django.test import Client

from catalogue.newsletter.delivery.feedback import sns

TOPIC = "arn:aws:sns:eu-west-1:123456789012:mail-feedback"
HOOK = "/newsletter/feedback/ses"
CERTIFICATE_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"


class Signer:
    """An SNS of the test's own: its key, and the certificate that the real one would publish."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
        now = datetime.datetime.now(datetime.UTC)
        self.pem = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(self.key.public_key())
            .serial_number(1)
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .sign(self.key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )

    def signed(self, version: str = "2", **fields: Any) -> dict[str, Any]:
        message: dict[str, Any] = {
            "Type": "Notification",
            "MessageId": "22b80b92-fdea-4c2c-8f9d-bdfb0c7bf324",
            "TopicArn": TOPIC,
            "Message": "{}",
            "Timestamp": "2026-11-23T12:00:00.000Z",
            "SignatureVersion": version,
            "SigningCertURL": CERTIFICATE_URL,
        } | fields
        algorithm = hashes.SHA1() if version == "1" else hashes.SHA256()
        signature = self.key.sign(sns.string_to_sign(message), padding.PKCS1v15(), algorithm)
        return message | {"Signature": base64.b64encode(signature).decode()}


def post(client: Client, message: object) -> int:
    body = message if isinstance(message, (str, bytes)) else json.dumps(message)
    return client.generic("POST", HOOK, body, "text/plain; charset=UTF-8").status_code


def bounce(*addresses: str, kind: str = "Permanent", form: str = "eventType", mail: str = "ses-id") -> str:
    recipients = [{"emailAddress": address, "diagnosticCode": "smtp; 550 5.1.1 unknown"} for address in addresses]
    told = {"bounceType": kind, "bouncedRecipients": recipients}
    return json.dumps({form: "Bounce", "bounce": told, "mail": {"messageId": mail}})


def complaint(address: str, form: str = "eventType", **more: str) -> str:
    told = {"complainedRecipients": [{"emailAddress": address}], **more}
    return json.dumps({form: "Complaint", "complaint": told, "mail": {"messageId": "ses-id"}})


def delivery(address: str) -> str:
    return json.dumps({"eventType": "Delivery", "delivery": {"recipients": [address]}, "mail": {"messageId": "x"}})
