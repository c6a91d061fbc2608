"""Static files in production: every name carries its content's hash, imports of modules too."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from catalogue.storage import ManifestStaticFilesStorage


@pytest.fixture
def storage(tmp_path: Path, settings: Any) -> ManifestStaticFilesStorage:
    source = tmp_path / "source"
    source.mkdir()
    (source / "main.js").write_text(
        'import { one } from "./part.js";\nconst later = import("./part.js");\none(later);\n'
    )
    (source / "part.js").write_text("export const one = 1;\n")
    (source / "style.css").write_text('@import "other.css";\n')
    (source / "other.css").write_text("a { color: red }\n")
    settings.DEBUG = False
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "catalogue.storage.ManifestStaticFilesStorage"}}
    call_command("collectstatic", interactive=False, verbosity=0)
    return ManifestStaticFilesStorage()


def test_imports_between_modules_and_sheets_point_to_hashed_names(
    storage: ManifestStaticFilesStorage,
) -> None:
    script = storage.open(storage.stored_name("main.js")).read().decode()
    sheet = storage.open(storage.stored_name("style.css")).read().decode()

    assert len(re.findall(r"part\.[0-9a-f]{12}\.js", script)) == 2
    assert re.search(r"other\.[0-9a-f]{12}\.css", sheet)


def test_the_sites_own_static_files_can_be_collected(tmp_path: Path, settings: Any) -> None:
    """A module that imports a file that is not there, or a sheet that names one, stops the build here."""
    settings.DEBUG = False
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": "catalogue.storage.ManifestStaticFilesStorage"}}
    call_command("collectstatic", interactive=False, verbosity=0)

    assert (tmp_path / "staticfiles.json").exists()
