"""The catalogue as plain files, for any static host: the pages that the site would send, with the files they load.

The manifest (`manifest.py`) says what was written, with the headers each file should be sent with. It is how a later
export knows its own files: it changes and deletes those and no others.
"""

import hashlib
import json
import mimetypes
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles import finders
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.handlers.wsgi import WSGIRequest
from django.http import Http404

from catalogue.base.kept_files import note_damage_or_raise, put
from catalogue.pages.builds import store
from catalogue.pages.builds.rendering import request_for
from catalogue.pages.builds.store import Kept
from catalogue.pages.publishing.manifest import (
    MANIFEST,
    File,
    Manifest,
    NotAManifest,
    leaving,
    manifest_text,
    parse_manifest,
)
from catalogue.pages.publishing.moved import Content, moved
from catalogue.patterns.content.library import library
from catalogue.patterns.views.sharing import FRESH, HTML
from catalogue.web.errors import not_found
from catalogue.web.static_headers import FOREVER


class NotOurs(Exception):
    """A file is in the way that no export has written. Nothing was changed."""


class NotBuilt(Exception):
    """The kept pages are not there, or damaged. Nothing was changed."""


@dataclass(frozen=True)
class Exported:
    written: int
    unchanged: int
    deleted: int


def export(to: Path) -> Exported:
    """Write the kept pages (`build` makes them) and static files below `to`. Raises NotOurs and NotBuilt."""
    before = read_manifest(to).files
    files = dict(_everything())
    in_the_way = next(filter(None, (_in_the_way(to, path, before) for path in files)), None)
    if in_the_way is not None:
        raise NotOurs(f"{in_the_way} already exists and was not written by an earlier export.")
    present = {path: File(hashlib.sha256(body).hexdigest(), headers) for path, (body, headers) in files.items()}
    changed = [path for path in files if before.get(path) != present[path] or not (to / path).exists()]
    # Until all is written the manifest knows the new names, and none of their contents: an export that was stopped
    # finds its own files, and writes them.
    _write_manifest(to, {**before, **{path: replace(present[path], sha256="") for path in changed}})
    for path in changed:
        put(to / path, files[path][0])
    kept, gone = leaving(before, present)
    for path in gone:
        (to / path).unlink(missing_ok=True)
        _remove_empty(to, (to / path).parent)
    _write_manifest(to, {**present, **kept})
    return Exported(len(changed), len(present) - len(changed), len(gone))


def read_manifest(folder: Path) -> Manifest:
    """What exports wrote into this folder; nothing without one. Raises NotOurs."""
    try:
        return parse_manifest((folder / MANIFEST).read_bytes())
    except FileNotFoundError:
        return Manifest()
    except NotADirectoryError:
        raise NotOurs(f"{folder} is not a folder.") from None
    except (NotAManifest, IsADirectoryError):
        raise NotOurs(f"{folder / MANIFEST} was not written by an export, or is damaged.") from None


def _in_the_way(to: Path, path: str, before: Mapping[str, File]) -> Path | None:
    """What is where this file shall be, or a folder above it, and is not ours."""
    if path in before:
        return None
    file = to / path
    if file.exists():
        return file
    above = (folder for folder in file.parents if folder.is_relative_to(to) and folder.is_file())
    return next((one for one in above if str(one.relative_to(to)) not in before), None)


def _write_manifest(folder: Path, files: Mapping[str, File]) -> None:
    put(folder / MANIFEST, manifest_text(files).encode())


def _everything() -> Iterator[tuple[str, Content]]:
    pages = dict(_pages())
    yield from pages.items()
    yield from moved(pages, library().renamed)
    yield from _static_files()
    yield "404.html", (_not_found(), {"Content-Type": HTML, "Cache-Control": FRESH})


def _pages() -> Iterator[tuple[str, Content]]:
    database = store.reading()
    if database is None:
        raise NotBuilt("There are no kept pages that can be read.")
    with closing(database):
        try:
            for page in store.kept(database):
                if not page.query:  # a static host cannot tell one with a query from the page without it
                    yield _page(database, page)
        except sqlite3.DatabaseError as error:
            note_damage_or_raise(store.store_file(), error)
            raise NotBuilt("The kept pages are damaged.") from error


def _page(database: sqlite3.Connection, page: Kept) -> tuple[str, Content]:
    packed = store.body(database, page.key, "gzip" if page.packed else "identity")
    assert packed is not None
    body = zlib.decompress(packed, wbits=31) if page.packed else packed
    path = page.path.removeprefix("/")
    headers = {name.title(): value for name, value in json.loads(page.headers) if name != "vary"}
    return path + "index.html" if path.endswith("/") or not path else path, (body, headers)


def _static_files() -> Iterator[tuple[str, Content]]:
    """Under their hashed names, and as they are called by no one else: the same files that the site serves."""
    base = settings.STATIC_URL.strip("/")
    for finder in finders.get_finders():
        for name, _ in finder.list([]):
            if name.startswith("admin/"):
                continue
            hashed = staticfiles_storage.url(name).removeprefix(settings.STATIC_URL)
            with staticfiles_storage.open(hashed) as file:
                body = file.read()
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            yield f"{base}/{hashed}", (body, {"Content-Type": kind, "Cache-Control": FOREVER})


def _not_found() -> bytes:
    request: WSGIRequest = request_for("/404.html")
    request.META["HTTP_ACCEPT"] = "text/html"
    response = not_found(request, Http404("There is no page at this address."))
    body: bytes = getattr(response, "content")  # noqa: B009
    return body


def _remove_empty(top: Path, folder: Path) -> None:
    while folder != top and folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
