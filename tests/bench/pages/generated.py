"""A catalogue of so many generated patterns, and `manage.py build` over it."""

import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench import many_patterns
from tests.bench.bench_site import environment
from tests.support.site import ROOT


class BuildBroken(Exception):
    """`manage.py build` has failed; the message is what it printed."""


class Generated:
    """`count` patterns in a folder of their own, and a VAR_DIR beside it."""

    def __init__(self, folder: Path, count: int) -> None:
        self.count = count
        self.content = folder / "content"
        self.var = folder / "var"
        self.patterns = many_patterns.make(count, self.content)
        self._environment = environment()

    @property
    def environment(self) -> dict[str, str]:
        """Settings of a site of this content, the same each time."""
        return self._environment | {"CONTENT_DIR": str(self.content), "VAR_DIR": str(self.var)}

    def build(self) -> float:
        """Seconds of the command, from its start to its end, Python and Django included."""
        started = time.perf_counter()
        self.run("manage.py", "build", "--verbosity", "0")
        return time.perf_counter() - started

    def build_of(self, root: Path) -> tuple[float, int]:
        """Seconds of a full build by a checkout, from an empty VAR_DIR that goes afterward, and pages that it made.

        Of as many patterns that this checkout has made of its own: a recorded run counts only where it is of the
        content as the same code hashes it.
        """
        with TemporaryDirectory(prefix="bench-of-") as folder:
            content = Path(folder, "content")
            self.run("-m", "tests.bench.many_patterns", str(self.count), str(content), root=root, VAR_DIR=folder)
            started = time.perf_counter()
            said = self.run("manage.py", "build", root=root, VAR_DIR=f"{folder}/var", CONTENT_DIR=str(content))
            seconds = time.perf_counter() - started
        return seconds, int(said.split(" pages rendered", 1)[0].split()[-1])

    def run(self, *arguments: str, given: str = "", root: Path = ROOT, **settings: str) -> str:
        """A script or command with this content's settings; what it printed. Raises BuildBroken."""
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=root,
            env=inherited() | self.environment | settings,
            input=given,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            raise BuildBroken(done.stderr[-2000:])
        return done.stdout

    def change_prose(self) -> None:
        """One sentence more in one pattern."""
        file = self.patterns[len(self.patterns) // 2] / "pattern.md"
        file.write_text(
            file.read_text("utf-8").replace("\n## The solution", "\nOne sentence more.\n\n## The solution", 1)
        )

    def change_title(self) -> None:
        """One pattern's title: its neighbors, its relations and the lists tell of it too."""
        file = self.patterns[len(self.patterns) // 3] / "pattern.md"
        text = file.read_text("utf-8")
        head, title, rest = text.partition("\ntitle: ")
        file.write_text(f"{head}{title}Renamed {rest}", "utf-8")


def inherited() -> dict[str, str]:
    """This process's environment without what the site would take for settings."""
    passed_over = {"EMBEDDED_AWS_URL", "PORT", "DJANGO_SETTINGS_MODULE", "CONTENT_DIR", "VAR_DIR"}
    return {key: value for key, value in os.environ.items() if key not in passed_over}
