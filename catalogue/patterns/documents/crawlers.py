"""What is written for programs that read whole sites: sitemap.xml, robots.txt and llms.txt.

`site_url` never has a trailing slash.
"""

from collections.abc import Iterable
from itertools import groupby
from xml.etree import ElementTree

from catalogue.patterns.content.cards import Listed
from catalogue.patterns.documents.author_schemas import FILES, schema_url

PAGES = ("/", "/patterns/", "/guide/", "/map/", "/compare/", "/about/", "/fidelity/", "/draw/", "/schemas/")
NOT_FOR_CRAWLERS = ("/admin/", "/labs/", "/live/", "/mailbox/", "/newsletter/", "/search/")
_SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def sitemap(patterns: Iterable[Listed], site_url: str) -> bytes:
    """https://www.sitemaps.org/protocol.html"""
    root = ElementTree.Element("urlset", xmlns=_SITEMAP)
    entries = [(page, "") for page in PAGES]
    for pattern in patterns:
        pages = [pattern.url, f"{pattern.url}ledger/"] if pattern.ledger else [pattern.url]
        entries += [(page, pattern.front.updated.isoformat()) for page in pages]
    for path, changed in entries:
        entry = ElementTree.SubElement(root, "url")
        ElementTree.SubElement(entry, "loc").text = f"{site_url}{path}"
        if changed:
            ElementTree.SubElement(entry, "lastmod").text = changed
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document + b"\n"


def robots(site_url: str) -> str:
    """RFC 9309. Labs and forms are left out: they are for people, and a lab costs something."""
    rules = "".join(f"Disallow: {path}\n" for path in NOT_FOR_CRAWLERS)
    return f"User-agent: *\n{rules}\nSitemap: {site_url}/sitemap.xml\n"


def llms(patterns: Iterable[Listed], site_url: str, site_name: str) -> str:
    """https://llmstxt.org: a guide to the Markdown versions."""
    parts = [
        f"# {site_name}",
        "> Serverless architecture patterns on AWS. Each has its problem, solution, limits and costs, a "
        "template and handlers that deploy as they are, and a lab to run it.",
        "Every pattern's page has a Markdown version at the same address with `.md` instead of the last "
        "slash, and a JSON version with `.json`. The code on a page is the code that the labs run and the "
        "download contains.",
    ]
    for level, group in groupby(patterns, key=lambda pattern: pattern.level):
        lines = [
            f"- [{pattern.title}]({site_url}{pattern.url.rstrip('/')}.md): {pattern.front.summary}" for pattern in group
        ]
        parts.append(f"## Patterns of level {level}\n\n" + "\n".join(lines))
    parts.append(
        "## Interfaces\n\n"
        f"- [All patterns as JSON]({site_url}/patterns.json): `?level=200&service=sqs&helps=cost` filters, "
        "`per_page` and `page` divide\n"
        f"- [OpenAPI description]({site_url}/openapi.json): reading patterns, creating and running labs\n"
        f"- [Draw a template]({site_url}/draw/): POST a SAM or CloudFormation template as `application/yaml`; the "
        "answer has its proven arrows, lint and prices\n"
        f"- [JSON Schemas]({site_url}/schemas/) of the files that an author of a pattern writes: "
        + ", ".join(f"[{one.file}]({schema_url(name, site_url)})" for name, one in FILES.items())
        + f"\n- [Atom feed]({site_url}/feed.atom): new and revised patterns"
    )
    return "\n\n".join(parts) + "\n"
