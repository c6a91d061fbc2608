"""Tag lists as DKIM and DMARC records are written in: `v=DMARC1; p=none` (RFC 6376, 3.2)."""


def tags(text: str) -> dict[str, str]:
    """Values by tag; what is no tag is left out, and of a tag that stands twice the first counts."""
    found: dict[str, str] = {}
    for part in text.split(";"):
        name, equals, value = part.partition("=")
        if equals:
            found.setdefault(name.strip().lower(), "".join(value.split()))
    return found
