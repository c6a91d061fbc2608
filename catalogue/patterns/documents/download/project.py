"""The download: all that is needed to deploy a pattern, as a zip with the same bytes for the same content."""

import io
import zipfile
from pathlib import Path

from django.conf import settings

from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.documents.download.readme import readme

_LEFT_OUT = {"pattern.md", "diagram.yaml"}
_TEST_SUPPORT = Path(__file__).with_name("test_support")
_SOCKET_SUPPORT = Path(__file__).with_name("socket_support")
_PYTEST_INI = """\
[pytest]
testpaths = tests
pythonpath = tests
addopts = --import-mode=importlib
"""
_EPOCH = (1980, 1, 1, 0, 0, 0)


def build_project(pattern: Pattern) -> bytes:
    """A zip with one folder named for the slug.

    Entries are sorted, stored uncompressed (deflate differs between versions of zlib), dated 1980-01-01 (the
    format's first day) and readable by all.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for path, text in sorted(project_files(pattern).items()):
            entry = zipfile.ZipInfo(f"{pattern.slug}/{path}", _EPOCH)
            entry.create_system = 3  # Unix, whatever this runs on: it is what makes the mode count
            entry.external_attr = 0o100644 << 16
            archive.writestr(entry, text.encode())
    return buffer.getvalue()


def project_files(pattern: Pattern) -> dict[str, str]:
    """Text of each file of the project by its path."""
    own = {file.path: file.text for file in pattern.files if file.path not in _LEFT_OUT}
    return (
        own
        | _tests(pattern)
        | _talk(pattern)
        | {
            "README.md": readme(pattern, settings.SITE_URL),
            "samconfig.toml": _samconfig(pattern),
            ".gitignore": ".aws-sam/\n.venv/\n__pycache__/\nanswer.txt\n",
            "LICENSE": Path(settings.SITE_DIR, "LICENSE").read_text("utf-8"),
        }
    )


def _tests(pattern: Pattern) -> dict[str, str]:
    """The tests of the handlers with all that they need to run in the project's folder; empty without tests."""
    if not pattern.tests:
        return {}
    support = {f"tests/{file.name}": file.read_text("utf-8") for file in _TEST_SUPPORT.iterdir() if file.is_file()}
    return {file.path: file.text for file in pattern.tests} | support | {"pytest.ini": _PYTEST_INI}


def _talk(pattern: Pattern) -> dict[str, str]:
    """The client of WebSockets, where a step opens one."""
    opened = any(step.request and step.request.socket for step in pattern.demo.steps) if pattern.demo else False
    return {"talk.py": Path(_SOCKET_SUPPORT, "talk.py").read_text("utf-8")} if opened else {}


def _samconfig(pattern: Pattern) -> str:
    """What `sam deploy` would otherwise ask or refuse.

    Keys: https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/serverless-sam-cli-config.html
    """
    return f"""\
version = 0.1

[default.global.parameters]
stack_name = "{pattern.slug}"

[default.deploy.parameters]
capabilities = "CAPABILITY_IAM"
resolve_s3 = true
confirm_changeset = true
"""
