"""Starts a new pattern: a folder with a small, deployable draft to write over."""

import shutil
import tempfile
from datetime import date
from pathlib import Path

from catalogue.patterns.content.pattern import SLUG

STARTER = Path(__file__).with_name("starter")
SLUG_LENGTH = range(3, 61)


class CannotStart(ValueError):
    """The slug is ill-formed or taken; the text says which in one line."""


def start_pattern(content: Path, slug: str, today: date) -> Path:
    """Make the folder `content/slug` whole or not at all, and return it. Raises CannotStart."""
    if not SLUG.fullmatch(slug) or len(slug) not in SLUG_LENGTH:
        raise CannotStart(
            f"`{slug}` is not a slug: use {SLUG_LENGTH[0]} to {SLUG_LENGTH[-1]} characters, "
            "lower-case words joined by hyphens, such as `dead-letter-replay`."
        )
    folder = content / slug
    if folder.exists():
        raise CannotStart(f"`{slug}` is taken: {folder} exists.")
    content.mkdir(parents=True, exist_ok=True)
    words = {"@TITLE@": title_of(slug), "@TODAY@": today.isoformat()}
    with tempfile.TemporaryDirectory(prefix=".new-", dir=content) as workplace:
        made = Path(workplace) / slug
        shutil.copytree(STARTER, made, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
        for name in ("pattern.md", "template.yaml"):
            file = made / name
            text = file.read_text("utf-8")
            for mark, word in words.items():
                text = text.replace(mark, word)
            file.write_text(text, "utf-8")
        made.rename(folder)
    return folder


def title_of(slug: str) -> str:
    """`dead-letter-replay` as a title: `Dead Letter Replay`."""
    return " ".join(word.capitalize() for word in slug.split("-"))
