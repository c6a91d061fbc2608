"""Prints every address that the build keeps, one a line: `python -m tests.bench.pages.every_address`."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "catalogue.settings")
django.setup()

from catalogue.pages.builds.addresses import addresses  # noqa: E402
from catalogue.patterns.content.library import library  # noqa: E402

for address in addresses(library().by_slug):
    print(address.url)
