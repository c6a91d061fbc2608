"""Writes the Markdown version of every pattern into a folder: `python -m tests.bench.pages.markdown FOLDER`.

Runs with the settings of a generated catalogue, so the documents are those that its site serves.
"""

import os
import sys
from pathlib import Path

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")
django.setup()

from django.conf import settings  # noqa: E402

from catalogue.patterns.library import library  # noqa: E402
from catalogue.patterns.plain import as_markdown  # noqa: E402

folder = Path(sys.argv[1])
folder.mkdir(parents=True)
for pattern in library().patterns():
    (folder / f"{pattern.slug}.md").write_text(as_markdown(pattern, settings.SITE_URL), "utf-8")
