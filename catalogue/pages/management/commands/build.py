"""`manage.py build`: render all shared pages ahead of their visitors."""

import sys
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from catalogue.pages.builds.build import BuildFailed, build
from catalogue.pages.builds.rendering import NotRendered
from catalogue.pages.publishing.export import NotBuilt, NotOurs, export, read_manifest
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.web import static_files


class Command(BaseCommand):
    help = (
        "Render every shared page that has changed, in parallel. A running site picks up the new pages automatically."
    )
    requires_system_checks = ()  # content is examined by the build itself

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--workers", type=int, help="number of rendering processes (default: one per core)")
        parser.add_argument(
            "--to", type=Path, metavar="DIR", help="also write the catalogue as plain files to this folder"
        )
        parser.add_argument(
            "--lenient",
            action="store_true",
            help="leave out patterns with mistakes instead of failing (used at startup)",
        )

    def handle(
        self, *args: Any, workers: int | None, lenient: bool, to: Path | None, verbosity: int, **options: Any
    ) -> None:
        if settings.DEBUG:
            raise CommandError("With DEBUG on, pages are rendered live. Set DEBUG=0, and SECRET_KEY, to build.")
        if to is not None and not settings.LIVE_URL:
            raise CommandError(
                "Plain files have no labs, search and newsletter of their own: set LIVE_URL to the address of the "
                "running site that has them, and SITE_URL to the one that the files will have."
            )
        if to is not None:
            with _refusals_in_words(to):
                read_manifest(to)  # before a minute's work
        static_files.collect()
        with Bars(shown=verbosity > 0 and sys.stderr.isatty()) as bars:
            try:
                outcome = build(workers=workers, lenient=lenient, progress=bars.told)
            except BuildFailed as failure:
                for mistake in failure.mistakes:
                    self.stderr.write(in_words(mistake))
                raise CommandError("Nothing was published. Fix the mistakes above and build again.") from None
        for left_out in outcome.left_out:
            self.stderr.write(f"Left out: {in_words(left_out)}")
        if verbosity:
            self.stdout.write(
                f"{outcome.rendered} pages rendered, {outcome.kept} kept, {outcome.forgotten} forgotten "
                f"in {outcome.seconds:.1f} s."
            )
        if to is not None:
            self._export(to, verbosity)

    def _export(self, to: Path, verbosity: int) -> None:
        with _refusals_in_words(to):
            done = export(to)
        if verbosity:
            self.stdout.write(
                f"{to}: {done.written} files written, {done.unchanged} unchanged, {done.deleted} deleted."
            )


@contextmanager
def _refusals_in_words(to: Path) -> Iterator[None]:
    try:
        yield
    except NotOurs as error:
        raise CommandError(f"{error} Choose another folder, or delete the file.") from None
    except NotBuilt as error:
        raise CommandError(f"{error} Run it again to create them.") from None
    except OSError as error:
        raise CommandError(f"{error.filename or to} cannot be written: {error.strerror}.") from None


def in_words(mistake: ContentError | NotRendered) -> str:
    if isinstance(mistake, ContentError):
        return f"({mistake.id}) {mistake.where}: {mistake.message}\n\tHINT: {mistake.remedy}"
    return str(mistake)


class Bars:
    """A progress bar for each thing that a build does, on a terminal."""

    def __init__(self, *, shown: bool) -> None:
        self._shown = shown
        self._bars: dict[str, tqdm[Any]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for bar in self._bars.values():
            bar.close()

    def told(self, what: str, number: int, total: int) -> None:
        if what not in self._bars:
            self._bars[what] = tqdm(total=total, desc=what, unit="pattern", disable=not self._shown)
        self._bars[what].update(number - self._bars[what].n)
