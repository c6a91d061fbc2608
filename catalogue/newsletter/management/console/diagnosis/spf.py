"""SPF (RFC 7208): reads a record and judges whether an address may send for a domain."""

import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass

MOST_LOOKUPS = 10
"""RFC 7208, 4.6.4: a record that needs more is an error to every receiver."""
_TERM = re.compile(r"([+\-~?]?)([a-z0-9_.-]+)(?::([^/]*))?((?:/\d+)?(?://\d+)?)", re.IGNORECASE)
_MECHANISMS = {"all", "include", "a", "mx", "ptr", "ip4", "ip6", "exists"}
_RESULTS = {"+": "pass", "-": "fail", "~": "softfail", "?": "neutral"}

type Lookup = Callable[[str, str], list[str]]
type IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class BadRecord(ValueError):
    """Receivers treat the record as an error; the message says why."""


@dataclass(frozen=True)
class Term:
    result: str
    mechanism: str
    value: str
    prefix: str


@dataclass(frozen=True)
class Record:
    terms: tuple[Term, ...]
    redirect: str

    @property
    def rest(self) -> str:
        """What becomes of an address that no term names: pass, fail, softfail or neutral."""
        return next((term.result for term in self.terms if term.mechanism == "all"), "neutral")

    def includes(self, domain: str) -> bool:
        return any(
            term.mechanism == "include" and term.value == domain and term.result == "pass" for term in self.terms
        )


def find(texts: list[str]) -> Record | None:
    """The SPF record among a name's TXT records. Raises BadRecord."""
    records = [text for text in texts if text.lower() == "v=spf1" or text.lower().startswith("v=spf1 ")]
    if len(records) > 1:
        raise BadRecord(f"there are {len(records)} SPF records, and only one is allowed")
    return parse(records[0]) if records else None


def parse(text: str) -> Record:
    """Raises BadRecord."""
    terms, redirect = [], ""
    for word in text.split()[1:]:
        if "=" in word.split(":")[0]:
            name, _, value = word.partition("=")
            redirect = value.lower() if name.lower() == "redirect" else redirect
            continue
        found = _TERM.fullmatch(word) if not word.lower().lstrip("+-~?").startswith("ip6:") else None
        if found is None and (ip6 := re.fullmatch(r"([+\-~?]?)ip6:([0-9a-f:.]+)((?:/\d+)?)", word, re.IGNORECASE)):
            terms.append(Term(_RESULTS[ip6[1] or "+"], "ip6", ip6[2], ip6[3]))
            continue
        if found is None or found[2].lower() not in _MECHANISMS:
            raise BadRecord(f"{word!r} is not valid in SPF")
        terms.append(Term(_RESULTS[found[1] or "+"], found[2].lower(), (found[3] or "").lower().rstrip("."), found[4]))
    return Record(tuple(terms), redirect)


class Judge:
    """Follows a domain's record, and counts the lookups that it costs a receiver."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self.lookups = 0

    def result(self, domain: str, address: IpAddress) -> str:
        """pass, fail, softfail, neutral or none. Raises BadRecord."""
        record = find(self._lookup(domain, "TXT"))
        if record is None:
            return "none"
        for term in record.terms:
            if self._matches(term, domain, address):
                return term.result
        if record.redirect:
            self._count()
            return self.result(record.redirect, address)
        return "neutral"

    def _count(self) -> None:
        self.lookups += 1
        if self.lookups > MOST_LOOKUPS:
            raise BadRecord(f"it costs more than {MOST_LOOKUPS} lookups")

    def _matches(self, term: Term, domain: str, address: IpAddress) -> bool:
        match term.mechanism:
            case "all":
                return True
            case "ip4" | "ip6":
                return _within(address, term.value + term.prefix)
            case "include":
                self._count()
                return self.result(term.value, address) == "pass"
            case "a":
                self._count()
                return self._has(term.value or domain, term.prefix, address)
            case "mx":
                self._count()
                hosts = self._lookup(term.value or domain, "MX")[:MOST_LOOKUPS]
                return any(self._has(host, term.prefix, address) for host in hosts)
            case _:  # exists and ptr: no one should need them, and macros are not followed here
                self._count()
                return False

    def _has(self, host: str, prefix: str, address: IpAddress) -> bool:
        kind = "A" if address.version == 4 else "AAAA"
        four, _, six = prefix.partition("//")
        length = four if address.version == 4 else (f"/{six}" if six else "")
        return any(_within(address, found + length) for found in self._lookup(host, kind))


def _within(address: IpAddress, network: str) -> bool:
    try:
        return address in ipaddress.ip_network(network, strict=False)
    except (ValueError, TypeError):
        return False
