"""Static files in production: names that carry their content's hash, sheets in one piece, compressed beforehand."""

import gzip
import re
from pathlib import Path
from typing import Any

import brotli
import pytest
from django.core.management import call_command
from django.test import AsyncClient

from catalogue.web.storage import ManifestStaticFilesStorage, with_imports

BACKEND = "catalogue.web.storage.ManifestStaticFilesStorage"
SHEETS = {
    "css/site.css": '@layer base, more;\n@import "parts/base.css";\n@import "more.css";\n',
    "css/parts/base.css": '@layer base { a { src: url("../../fonts/one.woff2") } }\n',
    "css/more.css": "@layer more { b { color: red } }\n",
}


@pytest.fixture
def storage(tmp_path: Path, settings: Any) -> ManifestStaticFilesStorage:
    source = tmp_path / "source"
    files = SHEETS | {
        "main.js": 'import { one } from "./part.js";\nconst later = import("./part.js");\none(later);\n' * 9,
        "part.js": "export const one = 1;\n",
        "fonts/one.woff2": "glyphs",
    }
    for name, text in files.items():
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(text)
    settings.DEBUG = False
    settings.STATICFILES_DIRS = [source]
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path / "static"
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": BACKEND}}
    return collected()


def collected() -> ManifestStaticFilesStorage:
    call_command("collectstatic", interactive=False, verbosity=0)
    return ManifestStaticFilesStorage()


def stored(storage: ManifestStaticFilesStorage, name: str, ending: str = "") -> bytes:
    return Path(storage.path(storage.stored_name(name) + ending)).read_bytes()


def test_imports_between_modules_point_to_hashed_names(storage: ManifestStaticFilesStorage) -> None:
    script = stored(storage, "main.js").decode()

    assert len(re.findall(r"part\.[0-9a-f]{12}\.js", script)) == 18


def test_a_sheet_stands_in_the_place_of_its_import(storage: ManifestStaticFilesStorage) -> None:
    sheet = stored(storage, "css/site.css").decode()

    assert "@import" not in sheet
    assert sheet.index("@layer base, more;") < sheet.index("@layer base {") < sheet.index("@layer more {")


def test_an_address_in_an_imported_sheet_still_leads_to_its_file(storage: ManifestStaticFilesStorage) -> None:
    (address,) = re.findall(r'url\("([^"]+)"\)', stored(storage, "css/site.css").decode())

    assert (Path(storage.path("css")) / address).resolve() == Path(storage.path(storage.stored_name("fonts/one.woff2")))


def test_sheets_import_sheets_that_import() -> None:
    sheets = {"a.css": '@import "deep/b.css";', "deep/b.css": '@import "c.css";\n', "deep/c.css": 'url("d.png")'}

    assert with_imports("a.css", sheets.__getitem__) == 'url("deep/d.png")\n'


def test_a_change_in_an_imported_sheet_gives_a_new_name(storage: ManifestStaticFilesStorage, settings: Any) -> None:
    before = storage.stored_name("css/site.css")
    (Path(settings.STATICFILES_DIRS[0]) / "css/more.css").write_text("@layer more { b { color: blue } }\n")

    assert collected().stored_name("css/site.css") != before


def test_an_import_of_nothing_stops_the_collection(storage: ManifestStaticFilesStorage, settings: Any) -> None:
    (Path(settings.STATICFILES_DIRS[0]) / "css/more.css").unlink()

    with pytest.raises(ValueError, match=r"css/site\.css imports css/more\.css"):
        collected()


def test_what_shrinks_is_stored_compressed_too(storage: ManifestStaticFilesStorage) -> None:
    script = stored(storage, "main.js")

    assert gzip.decompress(stored(storage, "main.js", ".gz")) == script
    assert brotli.decompress(stored(storage, "main.js", ".br")) == script
    assert not Path(storage.path(storage.stored_name("fonts/one.woff2") + ".br")).exists()
    assert not Path(storage.path("main.js.br")).exists(), "nobody asks for the name without a hash"


def test_what_is_compressed_already_is_left_alone(storage: ManifestStaticFilesStorage) -> None:
    kept = Path(storage.path(storage.stored_name("main.js") + ".br"))
    kept.write_bytes(b"as it was")

    assert stored(collected(), "main.js", ".br") == b"as it was"


@pytest.mark.parametrize(("accepted", "encoding"), [("gzip, br", "br"), ("gzip", "gzip"), ("identity", None)])
async def test_a_file_is_kept_for_a_year_in_every_encoding(
    storage: ManifestStaticFilesStorage, accepted: str, encoding: str | None
) -> None:
    address = f"/static/{storage.stored_name('main.js')}"
    answer = await AsyncClient().get(address, headers={"accept-encoding": accepted})

    assert answer.status_code == 200
    assert answer.headers.get("Content-Encoding") == encoding
    assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert answer.headers["Vary"] == "Accept-Encoding"
    again = await AsyncClient().get(address, headers={"if-none-match": answer.headers["ETag"]})
    assert again.status_code == 304


def test_the_sites_own_static_files_can_be_collected(tmp_path: Path, settings: Any) -> None:
    """A module that imports a file that is not there, or a sheet that names one, stops the build here."""
    settings.DEBUG = False
    settings.STATIC_ROOT = tmp_path
    settings.STORAGES = settings.STORAGES | {"staticfiles": {"BACKEND": BACKEND}}
    call_command("collectstatic", interactive=False, verbosity=0)

    assert (tmp_path / "staticfiles.json").exists()
    (sheet,) = tmp_path.glob("css/site.*.css")
    assert '@import "' not in sheet.read_text()
