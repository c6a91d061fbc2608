"""`serverless-patterns init`: write a pattern as a project of your own."""

import argparse
from pathlib import Path

from catalogue.management.terminal.main import Refused
from catalogue.management.terminal.site import own_site


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("pattern", help="the pattern's slug, as `list` prints it")
    parser.add_argument("folder", nargs="?", type=Path, help="where to write it (default: a folder named for the slug)")


def run(options: argparse.Namespace) -> int:
    with own_site():
        from catalogue.patterns.content.library import library
        from catalogue.patterns.content.pattern import UnknownPattern
        from catalogue.patterns.documents.download.project import project_files

        try:
            pattern = library().get(options.pattern)
        except UnknownPattern:
            raise Refused(f"There is no pattern {options.pattern!r}: `serverless-patterns list` prints them.") from None
        folder = options.folder or Path(pattern.slug)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise Refused(f"{folder} exists and is not empty: name another folder.")
        files = project_files(pattern)
        for path, text in files.items():
            file = folder / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, "utf-8")
    print(f"{folder}: {len(files)} files. Next: serverless-patterns open {folder / 'template.yaml'}")
    return 0
