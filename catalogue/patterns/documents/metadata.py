"""What machines are told of a pattern's page: schema.org's TechArticle (https://schema.org/TechArticle)."""

import json

from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe

from catalogue.patterns.content.pattern import Pattern
from catalogue.web.context import absolute

_PROFICIENCY = {100: "Beginner", 200: "Intermediate", 300: "Expert"}


def article(pattern: Pattern, site_name: str) -> SafeString:
    """JSON-LD, safe inside a <script>: nothing in it can end the element."""
    told = {
        "@context": "https://schema.org",
        "@type": "TechArticle",
        "headline": pattern.title,
        "description": pattern.front.summary,
        "url": absolute(pattern.url),
        "image": absolute(reverse("patterns:share", args=[pattern.slug])),
        "datePublished": pattern.front.published.isoformat(),
        "dateModified": pattern.front.updated.isoformat(),
        "version": pattern.front.revision,
        "wordCount": pattern.words,
        "proficiencyLevel": _PROFICIENCY[pattern.level],
        "about": [service.name for service in pattern.services],
        "inLanguage": "en",
        "publisher": {"@type": "Organization", "name": site_name, "url": absolute("/")},
    }
    text = json.dumps(told, ensure_ascii=False)
    escaped = text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
    return mark_safe(escaped)  # noqa: S308  escaped right above
