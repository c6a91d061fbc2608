"""Writes patterns as Markdown into two folders: `python -m tests.bench.pages.markdown TEXTS PAGES`.

TEXTS gets the Markdown version of each pattern alone. PAGES gets what the catalogue has as pages of a pattern: the
same text, and each file of its project as a page of code. Runs with the settings of a generated catalogue, so the
documents are those that its site serves.
"""

import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")
django.setup()

from django.conf import settings  # noqa: E402

from catalogue.patterns.content.library import library  # noqa: E402
from catalogue.patterns.documents.prose.plain import as_markdown, fenced  # noqa: E402


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")


texts, pages = map(Path, sys.argv[1:])
for pattern in library().patterns():
    text = as_markdown(pattern, settings.SITE_URL)
    write(texts / f"{pattern.slug}.md", text)
    write(pages / pattern.slug / "index.md", text)
    for file in pattern.files:
        name = file.path.replace("/", "-")
        write(pages / pattern.slug / "source" / f"{name}.md", f"# {file.path}\n\n{fenced(file.text, file.language)}\n")
