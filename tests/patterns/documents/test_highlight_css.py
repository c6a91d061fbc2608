"""The default colors of highlighted code can be read in both themes."""

import re
from pathlib import Path

import pytest
from django.conf import settings

SHEET = Path(settings.BASE_DIR, "static/css/components/highlight.css").read_text()
COLOURS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--_([a-z-]+): var\(--code-[a-z-]+, light-dark\((#\w{6}), (#\w{6})\)\)", SHEET)
}


def luminance(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("behind", ["background", "target"])
@pytest.mark.parametrize("token", sorted(COLOURS.keys() - {"background", "target"}))
def test_every_token_has_a_contrast_of_4_5_at_least(token: str, behind: str, theme: int) -> None:
    assert contrast(COLOURS[token][theme], COLOURS[behind][theme]) >= 4.5


def test_every_colour_is_used() -> None:
    assert len(COLOURS) == 12
    assert all(f"var(--_{name})" in SHEET for name in COLOURS)
