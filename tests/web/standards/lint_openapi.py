"""The site's OpenAPI description through two linters: Redocly's and Spectral, neither with an error or a warning.

python -m tests.web.standards.lint_openapi
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from catalogue.patterns.documents.openapi.description import openapi_text
from tests.web.standards.tools import program

HERE = Path(__file__).parent


def lint() -> int:
    """0 if neither linter reports anything."""
    with TemporaryDirectory(prefix="openapi-") as folder:
        document = Path(folder, "openapi.json")
        document.write_text(openapi_text("https://patterns.example"))
        codes = [
            subprocess.run([program(name), "lint", *options, str(document)]).returncode
            for name, options in {
                "redocly": ["--config", str(HERE / "redocly.yaml"), "--max-problems", "1000"],
                "spectral": ["--ruleset", str(HERE / "spectral.yaml"), "--fail-severity", "warn"],
            }.items()
        ]
    return max(codes)


if __name__ == "__main__":
    sys.exit(lint())
