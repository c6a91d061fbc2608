"""Share images: drawn from the content alone, kept, and holding every title there may be."""

import io
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from PIL import Image

from catalogue.patterns.content.pattern import Pattern, load_pattern, pattern_folders
from catalogue.patterns.documents.share import image as share_image
from catalogue.patterns.documents.share.image import DIAGRAM_WIDTH, DISPLAY, draw, draw_diagram, wrapped
from catalogue.patterns.documents.share.image import share_image as image_of
from tests.patterns.support.example import FRONT, change, write_pattern


@pytest.fixture
def pattern(tmp_path: Path, settings: Any) -> Pattern:
    settings.VAR_DIR = tmp_path / "var"
    return load_pattern(write_pattern(tmp_path))


def test_the_same_content_gives_the_same_bytes(pattern: Pattern) -> None:
    assert draw(pattern) == draw(load_pattern(pattern.folder))


def test_it_is_drawn_once_and_again_when_the_content_changes(pattern: Pattern, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []

    def counted(one: Pattern) -> bytes:
        drawn.append(one.title)
        return one.title.encode()

    monkeypatch.setattr(share_image, "draw", counted)
    assert image_of(pattern) == image_of(pattern) == b"Parcel Counter"
    change(pattern.folder / "pattern.md", "title: Parcel Counter", "title: Parcel Window")

    assert image_of(load_pattern(pattern.folder)) == b"Parcel Window"
    assert drawn == ["Parcel Counter", "Parcel Window"]


@pytest.mark.parametrize(
    "folder", pattern_folders(Path(django_settings.BASE_DIR, "patterns_content")), ids=lambda folder: folder.name
)
def test_a_mails_diagram_is_as_wide_as_the_letter_and_not_endless(folder: Path) -> None:
    image = Image.open(io.BytesIO(draw_diagram(load_pattern(folder))))
    assert image.width == DIAGRAM_WIDTH
    assert image.height < 1.2 * DIAGRAM_WIDTH


def test_nothing_half_written_is_left_behind(pattern: Pattern, settings: Any) -> None:
    image_of(pattern)

    assert [file.suffix for file in (settings.VAR_DIR / "share" / pattern.slug).iterdir()] == [".png"]


def test_a_picture_of_earlier_content_is_kept_no_longer(pattern: Pattern, settings: Any) -> None:
    image_of(pattern)
    change(pattern.folder / "pattern.md", "title: Parcel Counter", "title: Parcel Window")
    changed = load_pattern(pattern.folder)
    newest = image_of(changed)

    assert [file.read_bytes() for file in (settings.VAR_DIR / "share").rglob("*.png")] == [newest]
    assert newest != draw(pattern)


@pytest.mark.parametrize("title", ["Abc", "Wide Moored Mammoth Workflow Migrations With Many Mergers XX"])
def test_the_shortest_and_the_longest_title_stay_within_the_frame(tmp_path: Path, title: str) -> None:
    assert len(title) <= 60
    summary = "Wwwww mmmmm " * 13
    front = FRONT.replace("A counter that hands a parcel over and tells who asked for it.", summary[:158])

    drawn = draw(load_pattern(write_pattern(tmp_path, title=title, front=front)))

    image = Image.open(io.BytesIO(drawn)).convert("RGB")
    # The strip between the text's right edge and the frame is empty water.
    colors = image.crop((1130, 100, 1160, 320)).getcolors()
    assert colors is not None
    assert len(colors) == 1


def test_a_line_is_never_wider_than_asked() -> None:
    lines = wrapped("a few words that need some room to stand in", DISPLAY, 60, 300)

    assert len(lines) > 2
    assert all(share_image.width_of(line, DISPLAY, 60) <= 300 for line in lines)
