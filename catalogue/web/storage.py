"""Static files under names that carry their content's hash, in one piece and compressed beforehand."""

import posixpath
import re
from collections.abc import Callable, Iterator
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import InMemoryStorage, Storage
from servestatic.storage import CompressedManifestStaticFilesStorage

IMPORT = re.compile(r'@import "(?P<address>\.?[\w./-]+\.css)";')
ADDRESS = re.compile(r'url\("(?P<address>[\w./-]+)"\)')


class ManifestStaticFilesStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]  # it comes untyped
    """Rewrites `import`, `export … from` and `import()` like CSS addresses, so caches need no bundler.

    A sheet that imports others is stored with their text in the place of each `@import`: one request, and no chain.
    """

    support_js_module_import_aggregation = True

    def post_process(self, paths: dict[str, Any], *args: Any, **options: Any) -> Iterator[tuple[str, str | None, Any]]:
        yield from super().post_process(self._in_one_piece(paths), *args, **options)

    def compress_files(self, paths: set[str]) -> Iterator[tuple[str, str]]:
        """Only what is served compressed and is not there yet: a name with a hash stands for one content."""
        hashed = set(self.hashed_files.values())
        yield from super().compress_files({path for path in paths if path in hashed and not self.exists(f"{path}.gz")})

    def _in_one_piece(self, paths: dict[str, Any]) -> dict[str, Any]:
        def read(name: str) -> str:
            storage, path = paths[name]
            with storage.open(path) as sheet:
                text: str = sheet.read().decode()
            return text

        made: Storage = InMemoryStorage()
        whole = {}
        for name in paths:
            if name.endswith(".css") and IMPORT.search(read(name)):
                made.save(name, ContentFile(with_imports(name, read).encode()))
                whole[name] = (made, name)
        return paths | whole


def with_imports(name: str, read: Callable[[str], str]) -> str:
    """The sheet `name` with every `@import "…";` replaced by the sheet it names, and that one's `url("…")` still right.

    `read` gives a sheet's text by its name, KeyError where there is none. Raises ValueError, with both names, for that.
    """
    folder = posixpath.dirname(name)

    def sheet(found: re.Match[str]) -> str:
        other = posixpath.normpath(posixpath.join(folder, found["address"]))

        def moved(found: re.Match[str]) -> str:
            target = posixpath.join(posixpath.dirname(other), found["address"])
            return f'url("{posixpath.relpath(target, folder or ".")}")'

        try:
            return ADDRESS.sub(moved, with_imports(other, read))
        except KeyError:
            raise ValueError(f"{name} imports {other}, which does not exist.") from None

    return IMPORT.sub(sheet, read(name))
