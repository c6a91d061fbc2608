"""Our own drawings of services and actors, from static/icons/services/, to stand inline."""

import re
from functools import cache
from pathlib import Path

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

UNKNOWN = "plumbing"


@cache
def glyph_shapes(name: str) -> SafeString:
    """The shapes of a glyph without its <svg>: 24 by 24 units, in currentColor; a plain mark if unknown."""
    folder: Path = settings.SITE_DIR / "static" / "icons" / "services"
    file = folder / f"{name}.svg"
    if not file.is_file():
        file = folder / f"{UNKNOWN}.svg"
    return mark_safe(re.sub(r"</?svg[^>]*>", "", file.read_text(encoding="utf-8")).strip())  # noqa: S308  our own file


def glyph_svg(name: str) -> SafeString:
    """The glyph as a picture that assistive technology passes over: its name always stands beside it."""
    return mark_safe(  # noqa: S308  the shapes come from our own file
        '<svg class="glyph" viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" '
        f'stroke-width="1.5" aria-hidden="true">{glyph_shapes(name)}</svg>'
    )


def short_name(name: str) -> str:
    """As one says it: without the brand in front."""
    return name.removeprefix("Amazon ").removeprefix("AWS ")
