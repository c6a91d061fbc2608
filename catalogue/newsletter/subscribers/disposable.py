"""Addresses that will soon be no one's. They are warned of and taken all the same."""

from functools import cache
from pathlib import Path

from catalogue.newsletter.subscribers.addresses import Address

_FILE = Path(__file__).with_name("disposable_domains.txt")


def warning(address: Address) -> str:
    """What to tell a visitor who types such an address; empty for any other. Depends on the domain and nothing else."""
    domain = address.key.rpartition("@")[2]
    labels = domain.split(".")
    if not any(".".join(labels[start:]) in domains() for start in range(len(labels))):
        return ""
    return f"Mailboxes at {domain} disappear soon or can be read by anyone, so our e-mail may not reach you."


@cache
def domains() -> frozenset[str]:
    lines = _FILE.read_text().split("\n")
    return frozenset(line for line in lines if line and not line.startswith("#"))
