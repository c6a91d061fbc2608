"""Mail over an encrypted connection, to a real server with a certificate of its own."""

import ipaddress
import socket
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pytest_django.fixtures import Settings

from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.models import Delivery
from tests.newsletter.delivery.test_queue import enqueue
from tests.newsletter.support.helpers import use_smtp
from tests.newsletter.support.sinks import CountingSink
from tests.support.site import free_port

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself, with its key, as one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return file


class _Server(Controller):
    """Its own first connection, by which it sees that it is up, believes any certificate."""

    def _trigger_server(self) -> None:
        anything = ssl.create_default_context()
        anything.check_hostname, anything.verify_mode = False, ssl.CERT_NONE
        with (
            socket.create_connection((self.hostname, self.port), timeout=60) as plain,
            anything.wrap_socket(plain) as on,
        ):
            on.recv(64)


@pytest.mark.parametrize("trusted", [True, False])
def test_tls_from_the_first_byte_reaches_only_a_server_whose_certificate_is_trusted(
    settings: Settings, certificate: Path, monkeypatch: pytest.MonkeyPatch, trusted: bool
) -> None:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))  # read by OpenSSL for the default context
    sink = CountingSink()
    port = free_port()
    server = _Server(sink, hostname="127.0.0.1", port=port, ssl_context=context)
    server.start()
    try:
        use_smtp(settings, port)
        settings.SMTP_TLS = True
        enqueue(1)
        tally = sender.send_due()
    finally:
        server.stop()
    assert tally.server_down is not trusted
    assert sink.total == trusted
    assert Delivery.objects.get().state == ("sent" if trusted else "queued")
