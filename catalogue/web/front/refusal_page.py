"""The page of a refusal by the web server itself: it needs no template, database or application."""

import html

from django.conf import settings
from django.templatetags.static import static

from catalogue.web.security_headers import outside_django

_POLICY = "default-src 'none'; style-src 'self'; font-src 'self'; img-src 'self'; frame-ancestors 'none'"
"""If the connection for the style sheet is refused too, the page is plain."""


def headers() -> list[tuple[bytes, bytes]]:
    """What kind of answer it is, and what it may load."""
    return [(b"content-type", b"text/html; charset=utf-8"), *outside_django(_POLICY)]


def page(status: int, title: str, detail: str) -> bytes:
    """HTML in the site's style."""
    name, title, detail = (html.escape(text) for text in (settings.SITE_NAME, title, detail))
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>{status} {title} · {name}</title>
{_style_sheet()}</head>
<body>
<header class="site-head">
<div class="frame site-head__row"><a class="wordmark" href="/"><span>{name}</span></a></div>
<div class="graticule" aria-hidden="true"></div>
</header>
<main>
<div class="note">
<p class="error-status" aria-hidden="true">{status}</p>
<h1><span class="visually-hidden">Error {status}: </span>{title}</h1>
<p class="lede">{detail}</p>
<p><a href="/patterns/">All patterns</a>, or <a href="/">the home page</a>.</p>
</div>
</main>
</body>
</html>
""".encode()


def _style_sheet() -> str:
    try:
        address = static("css/site.css")
    except ValueError:  # the static files were not collected: tests, and a process that serves no pages
        return ""
    return f'<link rel="stylesheet" href="{html.escape(address)}">\n'
