"""The manifest of an export (`catalogue.json`): which files are ours, what is in them, how each should be sent.

In a bucket it also says what CloudFront has still to be told. Other programs may read it: docs/publishing.md tells
of it.
"""

import json
import time
from collections.abc import Container, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath

from catalogue.web.static_headers import FOREVER

MANIFEST = "catalogue.json"
KEEP_SECONDS = 7 * 86_400
"""So long a file under a hashed name outlives the last export that had it. Caches may go on with a page that names it
for a day (`sharing.STALE_SECONDS`), and people leave tabs open."""


class NotAManifest(Exception):
    """No export has written this, or it is damaged."""


@dataclass(frozen=True)
class File:
    """A written file, as the manifest tells of it."""

    sha256: str
    headers: Mapping[str, str]
    """What it should be sent with: Content-Type, Cache-Control, and more where the site sends more."""
    gone: int | None = field(default=None, compare=False)
    """Since when no export has it, in seconds since 1970; None while it is in use."""

    @property
    def forever(self) -> bool:
        """Whether its name changes with its content."""
        return self.headers.get("Cache-Control") == FOREVER


@dataclass(frozen=True)
class Manifest:
    files: Mapping[str, File] = field(default_factory=dict)
    """By path, without a leading slash."""
    invalidate: frozenset[str] = frozenset()
    """Paths that readers may still get from before, since an invalidation is under way or has failed."""

    @property
    def in_use(self) -> dict[str, File]:
        return {path: file for path, file in self.files.items() if file.gone is None}


def leaving(before: Mapping[str, File], present: Container[str]) -> tuple[dict[str, File], list[str]]:
    """Of the files that are not present any more, those that are kept for a while, and those to delete now."""
    now = int(time.time())
    kept: dict[str, File] = {}
    delete: list[str] = []
    for path, file in before.items():
        if path in present:
            continue
        gone = now if file.gone is None else file.gone
        if file.forever and now - gone < KEEP_SECONDS:
            kept[path] = File(file.sha256, file.headers, gone)
        else:
            delete.append(path)
    return kept, sorted(delete)


def parse_manifest(text: bytes) -> Manifest:
    """Raises NotAManifest."""
    try:
        document = json.loads(text)
        files = {path: _file(path, **entry) for path, entry in document["files"].items()}
        return Manifest(files, frozenset(map(str, document.get("invalidate", ()))))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        raise NotAManifest(str(error)) from error


def manifest_text(files: Mapping[str, File], invalidate: Iterable[str] = ()) -> str:
    entries = {path: asdict(files[path]) for path in sorted(files)}
    for entry in entries.values():
        if entry["gone"] is None:
            del entry["gone"]
    document: dict[str, object] = {"files": entries}
    if waiting := sorted(invalidate):
        document["invalidate"] = waiting
    return json.dumps(document, indent=1) + "\n"


def _file(path: str, sha256: str, headers: Mapping[str, str], gone: int | None = None) -> File:
    parts = PurePosixPath(path).parts
    if not parts or parts[0] == "/" or ".." in parts:
        raise ValueError(f"{path} lies outside")  # what a manifest names may be deleted
    return File(str(sha256), dict(headers), None if gone is None else int(gone))
