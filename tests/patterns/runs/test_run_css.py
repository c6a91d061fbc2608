"""The player's words can be read on the grounds on which they stand, in both themes."""

import pytest

from catalogue.web.storage import with_imports
from tests.patterns.documents.test_highlight_css import contrast
from tests.patterns.views.test_site_css import STYLES, TOKENS

SHEET = with_imports("run/run.css", lambda name: (STYLES / "components" / name).read_text())


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("word", ["ink", "quiet", "alive", "bad"])
def test_words_on_the_players_ground_stand_out(word: str, theme: int) -> None:
    assert contrast(TOKENS[word][theme], TOKENS["alive-wash"][theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("edge", ["line", "alive", "bad"])
def test_every_bar_of_a_waterfall_has_an_edge_that_can_be_seen(edge: str, theme: int) -> None:
    assert contrast(TOKENS[edge][theme], TOKENS["paper"][theme]) >= 3


def test_a_sheet_of_its_own_names_no_colour_but_by_token() -> None:
    allowed = "light-dark(#14202a99, #000000b3)"  # the veil over the page behind

    assert "@import" not in SHEET
    assert ".run-sheet" in SHEET
    assert "#" not in SHEET.replace(allowed, "")
