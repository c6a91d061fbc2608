import ipaddress
import socket
from collections.abc import Iterator

from django.conf import settings

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site

TITLE = "PTR"


def examine(site: Site) -> Iterator[Finding]:
    """Where this machine's own mail server sends, its address must have a name that leads back to it."""
    if site.transport != "smtp" or not _is_here(settings.SMTP_HOST):
        yield passed_over("Another host sends the mail. Its operator is responsible for its reverse DNS.")
        return
    yield from of_host(site, socket.getfqdn())


def of_host(site: Site, host: str) -> Iterator[Finding]:
    addresses = [address for kind in ("A", "AAAA") for address in site.dns(host, kind)]
    if not addresses:
        yield wrong(
            f"This machine calls itself {host}, which has no address: receivers refuse its HELO.",
            "Give the machine a host name that is in the DNS.",
        )
    for address in addresses:
        names = site.dns(ipaddress.ip_address(address).reverse_pointer, "PTR")
        confirmed = [name for name in names if address in site.dns(name, "AAAA" if ":" in address else "A")]
        if confirmed:
            yield good(f"{address} is {confirmed[0]}, and that leads back to it.")
        else:
            yield wrong(
                f"{address} has {'no name' if not names else 'a name that does not lead back to it'}.",
                f"Ask the provider of the address to set its PTR record to {host}.",
            )


def _is_here(host: str) -> bool:
    if host in ("localhost", socket.gethostname(), socket.getfqdn()):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
