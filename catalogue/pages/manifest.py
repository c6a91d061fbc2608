"""The manifest of an export (`catalogue.json`): which files are ours, what is in them, how each should be sent.

In a bucket it also says what CloudFront has still to be told. Other programs may read it; its layout is in
docs/publishing.md.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

MANIFEST = "catalogue.json"


@dataclass(frozen=True)
class File:
    """A written file, as the manifest tells of it."""

    sha256: str
    headers: Mapping[str, str]
    """What it should be sent with: Content-Type, Cache-Control, and more where the site sends more."""


@dataclass(frozen=True)
class Manifest:
    files: Mapping[str, File] = field(default_factory=dict)
    """By path, without a leading slash."""
    invalidate: frozenset[str] = frozenset()
    """Paths that readers may still get from before, since an invalidation is under way or has failed."""


def parse_manifest(text: str) -> Manifest:
    document = json.loads(text)
    files = {path: File(entry["sha256"], entry["headers"]) for path, entry in document["files"].items()}
    return Manifest(files, frozenset(document.get("invalidate", ())))


def manifest_text(files: Mapping[str, File], invalidate: Iterable[str] = ()) -> str:
    document: dict[str, object] = {"files": {path: asdict(files[path]) for path in sorted(files)}}
    if waiting := sorted(invalidate):
        document["invalidate"] = waiting
    return json.dumps(document, indent=1) + "\n"
