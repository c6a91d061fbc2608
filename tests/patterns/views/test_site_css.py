"""The site's colors can be read in both themes, and its layers are declared once, in their order."""

import re
from pathlib import Path

import pytest
from django.conf import settings

from tests.patterns.documents.test_highlight_css import contrast

STYLES = Path(settings.BASE_DIR, "static/css")
SITE = (STYLES / "site.css").read_text()
TOKEN_SHEET = (STYLES / "site" / "tokens.css").read_text()
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([a-z-]+): light-dark\((#\w{6}), (#\w{6})\)", TOKEN_SHEET)
}
WORDS = ("ink", "quiet", "alive", "alive-strong", "good", "bad")
GROUNDS = ("paper", "shoal", "code-background")


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("word", WORDS)
def test_words_stand_out_from_their_ground(word: str, ground: str, theme: int) -> None:
    assert contrast(TOKENS[word][theme], TOKENS[ground][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_words_on_a_lit_ground_stand_out(theme: int) -> None:
    assert contrast(TOKENS["on-alive"][theme], TOKENS["alive"][theme]) >= 4.5
    assert contrast(TOKENS["on-alive"][theme], TOKENS["alive-strong"][theme]) >= 4.5
    assert contrast(TOKENS["ink"][theme], TOKENS["alive-wash"][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("line", ["line", "control", "alive"])
def test_lines_of_controls_and_diagrams_can_be_seen(line: str, theme: int) -> None:
    assert contrast(TOKENS[line][theme], TOKENS["paper"][theme]) >= 3


def own_sheets() -> list[Path]:
    """The site's own style sheets. Those in admin/ add to Django's, which has no layers and tokens of its own."""
    return [sheet for sheet in STYLES.rglob("*.css") if "admin" not in sheet.relative_to(STYLES).parts]


def test_every_sheet_writes_into_the_declared_layers() -> None:
    (declared,) = re.findall(r"@layer ([\w, ]+);", SITE)
    assert declared == "reset, tokens, base, layout, components, utilities"
    for sheet in own_sheets():
        text = re.sub(r"/\*.*?\*/", "", sheet.read_text(), flags=re.DOTALL)
        outside = re.findall(r"^([^\s@}][^{]*)\{", text, flags=re.MULTILINE)
        assert outside == [], f"{sheet.name}: rules outside a layer"
        assert set(re.findall(r"@layer (\w+) \{", text)) <= set(declared.split(", "))


def test_every_token_in_use_exists() -> None:
    sheets = [sheet.read_text() for sheet in own_sheets()]
    pages = Path(settings.BASE_DIR, "templates").rglob("*.html")
    templates = [page.read_text() for page in pages if "admin" not in page.parts]  # Django's admin has its own tokens
    known = set(re.findall(r"(--[\w-]+):", "".join(sheets)))
    inline = {"--wide"}  # set on each picture by the server
    required = set(re.findall(r"var\((--[\w-]+)\)", "".join([*sheets, *templates])))

    assert required - known - inline == set()
