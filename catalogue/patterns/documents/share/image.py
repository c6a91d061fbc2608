"""The picture that stands for a pattern where its address is shared: 1200 by 630 pixels.

It looks like a sheet of the catalogue's chart: a graduated frame, the title in the water, the pattern's own
diagram on the shoal below. The same content gives the same bytes; finished ones are kept in VAR_DIR/share.
"""

import hashlib
import io
from collections.abc import Callable
from functools import cache
from pathlib import Path

from django.conf import settings
from PIL import Image, ImageColor, ImageDraw, ImageFont

from catalogue.base.kept_files import put
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.share.sketch import Upright, draw_sketch

WIDTH, HEIGHT = 1200, 630
DRAWN_AT = 2
"""Drawn larger and scaled down, for smooth edges."""

PAPER, SHOAL, RULE = "#fdfefe", "#edf4f6", "#c6d3d9"
INK, QUIET, ALIVE = "#14202a", "#4b5b66", "#b5176e"
_FRAME = 22
_BAND = 12
_LEFT, _RIGHT = 76, WIDTH - 76
_SHORE = 392
"""Where the water ends at the latest, and the shoal with the diagram begins."""
_WATER_TOP = 116


DIAGRAM_WIDTH = 952
"""Of a mail's picture: twice the 476 pixels that it has in the letter."""
_AROUND = 28


def share_image(pattern: Pattern) -> bytes:
    """PNG. Drawn once for each content, by whichever process is first."""
    return _kept(pattern, "share", draw)


def diagram_image(pattern: Pattern) -> bytes:
    """The diagram alone as PNG, 952 pixels wide, for mail programs, which show no SVG. Kept like `share_image`."""
    return _kept(pattern, "diagram", draw_diagram)


def _kept(pattern: Pattern, kind: str, draw: Callable[[Pattern], bytes]) -> bytes:
    kept = Path(settings.VAR_DIR, kind, pattern.slug, f"{pattern.content_hash[:16]}-{_drawing()}.png")
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        pass
    data = draw(pattern)
    put(kept, data)
    for older in kept.parent.glob("*.png"):
        if older != kept:
            older.unlink(missing_ok=True)
    return data


@cache
def _drawing() -> str:
    """Changes when the way of drawing does."""
    folder = Path(__file__).parents[2]
    digest = hashlib.sha256()
    for name in (
        "documents/share/image.py",
        "documents/share/sketch.py",
        "diagrams/placement/layout.py",
        "diagrams/placement/route.py",
    ):
        digest.update((folder / name).read_bytes())
    return digest.hexdigest()[:8]


def draw(pattern: Pattern) -> bytes:
    """The picture as PNG."""
    image = Image.new("RGB", (WIDTH * DRAWN_AT, HEIGHT * DRAWN_AT), PAPER)
    canvas = Canvas(image)
    words = _Words(pattern)
    shore = min(_SHORE, _WATER_TOP + words.height + 66)
    _shoal(canvas, shore)
    _frame(canvas)
    _head(canvas, pattern)
    words.draw(canvas, shore)
    draw_sketch(canvas, pattern, (_LEFT, shore + 20, _RIGHT, HEIGHT - _FRAME - _BAND - 20))
    return _png(image)


def draw_diagram(pattern: Pattern) -> bytes:
    """The diagram on the shoal, from top to bottom, as PNG."""
    upright = Upright.of(pattern, DIAGRAM_WIDTH - 2 * _AROUND)
    height = round(upright.height) + 2 * _AROUND
    image = Image.new("RGB", (DIAGRAM_WIDTH * DRAWN_AT, height * DRAWN_AT), SHOAL)
    upright.draw(Canvas(image), DIAGRAM_WIDTH / 2, _AROUND)
    return _png(image)


def _png(image: Image.Image) -> bytes:
    small = image.reduce(DRAWN_AT)
    buffer = io.BytesIO()
    # Level 9 would take seven times as long for a fifteenth of the size.
    small.quantize(palette=_palette(), dither=Image.Dither.NONE).save(buffer, "PNG", compress_level=6)
    return buffer.getvalue()


@cache
def _palette() -> Image.Image:
    """The picture's few colors and their blends at smooth edges: a third of the size."""
    blends = [(INK, PAPER), (INK, SHOAL), (QUIET, PAPER), (ALIVE, PAPER), (ALIVE, SHOAL), (RULE, SHOAL)]
    colors: list[int] = []
    for one, other in blends:
        ends = [ImageColor.getrgb(color) for color in (one, other)]
        for step in range(24):
            share = step / 23
            colors += [round(a + (b - a) * share) for a, b in zip(*ends, strict=True)]
    palette = Image.new("P", (1, 1))
    palette.putpalette(colors)
    return palette


class Canvas:
    """Draws in the picture's own pixels, whatever it is drawn at."""

    def __init__(self, image: Image.Image) -> None:
        self._draw = ImageDraw.Draw(image)

    def line(self, points: list[tuple[float, float]], fill: str, width: float) -> None:
        self._draw.line([_up(*point) for point in points], fill, round(width * DRAWN_AT), joint="curve")

    def polygon(self, points: list[tuple[float, float]], fill: str) -> None:
        self._draw.polygon([_up(*point) for point in points], fill)

    def box(
        self,
        area: tuple[float, float, float, float],
        *,
        fill: str | None = None,
        outline: str | None = None,
        width: float = 0,
    ) -> None:
        left, top, right, bottom = area
        self._draw.rectangle((*_up(left, top), *_up(right, bottom)), fill, outline, round(width * DRAWN_AT))

    def text(self, at: tuple[float, float], text: str, face: str, size: float, fill: str, anchor: str) -> None:
        self._draw.text(_up(*at), text, fill, font(face, size), anchor)


def _up(x: float, y: float) -> tuple[float, float]:
    return x * DRAWN_AT, y * DRAWN_AT


@cache
def font(face: str, size: float) -> ImageFont.FreeTypeFont:
    """One of the site's faces, at the size in which it is drawn."""
    file = Path(settings.SITE_DIR, "static", "fonts", f"{face}.ttf")
    return ImageFont.truetype(file, round(size * DRAWN_AT))


def width_of(text: str, face: str, size: float) -> float:
    return font(face, size).getlength(text) / DRAWN_AT


def wrapped(text: str, face: str, size: float, width: float) -> list[str]:
    """The text in lines no wider than `width`; a longer word stands alone."""
    lines: list[str] = []
    for word in text.split():
        if lines and width_of(f"{lines[-1]} {word}", face, size) <= width:
            lines[-1] = f"{lines[-1]} {word}"
        else:
            lines.append(word)
    return lines


DISPLAY, LABEL = "piazzolla-display", "archivo-label"


def _shoal(canvas: Canvas, shore: float) -> None:
    inner = _FRAME + _BAND
    canvas.box((inner, shore, WIDTH - inner, HEIGHT - inner), fill=SHOAL)
    canvas.line([(inner, shore), (WIDTH - inner, shore)], RULE, 1.5)


def _frame(canvas: Canvas) -> None:
    """A chart's border: two lines with a scale of dark and light degrees between them."""
    outer, inner = _FRAME, _FRAME + _BAND
    for place in (outer, inner):
        canvas.box((place, place, WIDTH - place, HEIGHT - place), outline=INK, width=1.5)
    middle = (outer + inner) / 2
    across = [inner + (WIDTH - 2 * inner) * step / 23 for step in range(24)]
    down = [inner + (HEIGHT - 2 * inner) * step / 11 for step in range(12)]
    for start, end in zip(across[::2], across[1::2], strict=False):
        for y in (middle, HEIGHT - middle):
            canvas.line([(start, y), (end, y)], INK, 3)
    for start, end in zip(down[::2], down[1::2], strict=False):
        for x in (middle, WIDTH - middle):
            canvas.line([(x, start), (x, end)], INK, 3)


def _head(canvas: Canvas, pattern: Pattern) -> None:
    """The catalogue's name and the level, on one line."""
    baseline = 92.0
    _flare(canvas, _LEFT, baseline - 21, 24)
    canvas.text((_LEFT + 34, baseline), settings.SITE_NAME, LABEL, 25, INK, "ls")
    canvas.text((_RIGHT, baseline), f"Level {pattern.level}", LABEL, 25, QUIET, "rs")


def _flare(canvas: Canvas, x: float, y: float, size: float) -> None:
    """The mark for a light on a chart: a drop that falls away from its point."""
    tip = (2.0, 2.0)
    curves = [
        (tip, (7.5, 2.7), (19, 8.5), (21.5, 14)),
        ((21.5, 14), (23.2, 18.5), (18.5, 23.2), (14, 21.5)),
        ((14, 21.5), (8.5, 19), (2.7, 7.5), tip),
    ]
    points = [_bezier(curve, step / 16) for curve in curves for step in range(16)]
    canvas.polygon([(x + px * size / 24, y + py * size / 24) for px, py in points], ALIVE)


def _bezier(curve: tuple[tuple[float, float], ...], t: float) -> tuple[float, float]:
    weights = ((1 - t) ** 3, 3 * (1 - t) ** 2 * t, 3 * (1 - t) * t**2, t**3)
    return (
        sum(weight * point[0] for weight, point in zip(weights, curve, strict=True)),
        sum(weight * point[1] for weight, point in zip(weights, curve, strict=True)),
    )


class _Words:
    """Title and summary, as large as fits above the shore."""

    def __init__(self, pattern: Pattern) -> None:
        width = _RIGHT - _LEFT
        for size, most_lines in ((84, 1), (76, 1), (70, 1), (66, 2), (58, 2), (50, 3)):
            self.size = size
            self.title = wrapped(pattern.title, DISPLAY, size, width)
            self.summary = wrapped(pattern.front.summary, LABEL, 29, width)
            self.height = len(self.title) * size * 1.04 + 8 + len(self.summary) * 39
            if self.height <= _SHORE - _WATER_TOP - 20 and len(self.title) <= most_lines:
                break

    def draw(self, canvas: Canvas, shore: float) -> None:
        y = _WATER_TOP + (shore - _WATER_TOP - self.height) / 2 - 4
        for line in self.title:
            y += self.size * 1.04
            canvas.text((_LEFT - 3, y - self.size * 0.24), line, DISPLAY, self.size, INK, "ls")
        y += 8
        for line in self.summary:
            y += 39
            canvas.text((_LEFT, y - 8), line, LABEL, 29, QUIET, "ls")
