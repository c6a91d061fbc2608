from collections.abc import Iterator

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, warning, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site
from catalogue.newsletter.management.console.diagnosis.tags import tags

TITLE = "DMARC"


def examine(site: Site) -> Iterator[Finding]:
    """The From domain, or one above it, must publish a policy (RFC 7489)."""
    if not site.sends:
        yield passed_over("No mail leaves this machine.")
        return
    labels = site.domain.split(".")
    for start in range(max(1, len(labels) - 1)):
        domain = ".".join(labels[start:])
        texts = [text for text in site.dns(f"_dmarc.{domain}", "TXT") if text.lower().startswith("v=dmarc1")]
        if texts:
            yield from judge(site.domain, domain, texts)
            return
    yield wrong(
        f"{site.domain} has no DMARC policy: Gmail and Yahoo require one from bulk senders.",
        f"Add a TXT record at _dmarc.{site.domain}: v=DMARC1; p=none; rua=mailto:<address for reports>",
    )


def judge(sender: str, domain: str, texts: list[str]) -> Iterator[Finding]:
    """What a policy at `domain` means for mail from `sender`."""
    if len(texts) > 1:
        yield wrong(f"{domain} has {len(texts)} DMARC records: receivers ignore all of them.", "Leave one.")
        return
    found = tags(texts[0])
    policy = found.get("p", "") if sender == domain else found.get("sp", found.get("p", ""))
    policy = policy.lower()
    if policy not in ("none", "quarantine", "reject"):
        yield wrong(f"The DMARC record of {domain} has no policy.", "Give it p=none, p=quarantine or p=reject.")
    elif policy == "none":
        yield warning(
            f"{domain} asks receivers to accept forged mail (p=none).",
            "When reports show that all genuine mail passes, raise it to quarantine, then to reject.",
        )
    else:
        yield good(f"{domain} has the DMARC policy {policy}.")
    strict = [name for tag, name in (("aspf", "SPF"), ("adkim", "DKIM")) if found.get(tag, "r").lower() == "s"]
    if strict:
        yield warning(
            f"{domain} requires strict alignment of {' and '.join(strict)}: a subdomain does not count as {sender}.",
            f"Sign as, and bounce to, exactly {sender}, or remove aspf=s and adkim=s.",
        )
    if "rua" not in found:
        yield warning(f"{domain} asks for no DMARC reports.", "Add rua=mailto:<address> to see who sends in its name.")
