"""A function's requirements.txt: its packages are in the zip, installed once, and a reason where they cannot be had."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from django.conf import settings as site_settings
from pytest_django import Settings

from catalogue.labs.edge.client import call_edge
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.packaging import dependencies
from catalogue.labs.lifecycle.packaging import zips as packaging
from catalogue.labs.lifecycle.packaging.dependencies import installed
from catalogue.labs.lifecycle.packaging.installing import NotInstalled
from catalogue.labs.lifecycle.packaging.local_forms import PackagingError
from catalogue.labs.models import Status
from catalogue.patterns.content.pattern import Pattern, SourceFile, load_pattern
from tests.labs.conftest import CONTENT, Deploy, run


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dependencies")


@pytest.fixture(autouse=True)
def index(shared: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Path:
    """The only place that packages come from: a folder of small wheels. What is installed once serves all tests."""
    settings.VAR_DIR = shared / "var"
    folder = shared / "wheels"
    folder.mkdir(exist_ok=True)
    wheel(folder, "parcels", "1.0", "NAME = 'brought along'\n")
    wheel(folder, "crates", "1.0", "x" * 101)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def wheel(folder: Path, name: str, version: str, text: str) -> None:
    """https://packaging.python.org/en/latest/specifications/binary-distribution-format/"""
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as archive:
        archive.writestr(f"{name}.py", text)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: a test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", f"{name}.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n{info}/RECORD,,\n")


def bringing(pattern: Pattern, requirements: str, code: str | None = None) -> Pattern:
    """The pattern with a requirements.txt for its function `web`."""
    path = "functions/web/requirements.txt"
    files = [file for file in pattern.files if file.path != path]
    if code is not None:
        files = [replace(file, text=code) if file.path == "functions/web/app.py" else file for file in files]
    files.append(SourceFile(path, requirements, "text"))
    return replace(pattern, files=tuple(files), content_hash=f"{hash((requirements, code))}")


@pytest.fixture
def logger(content: Path) -> Pattern:
    return load_pattern(CONTENT / "logger")


@pytest.mark.django_db(transaction=True)
def test_a_function_imports_what_its_requirements_name(deploy: Deploy, logger: Pattern) -> None:
    code = "import parcels\n\n\ndef handler(event, context):\n    return {'statusCode': 200, 'body': parcels.NAME}\n"
    lab = deploy(bringing(logger, "# what we need\nparcels==1.0  # the newest\n", code))
    assert run(call_edge(lab.pk, "GET", "/web", {})).body == "brought along"


def test_packages_are_installed_once_for_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    first = installed("parcels==1.0\n")
    assert first["parcels.py"] == b"NAME = 'brought along'\n"
    monkeypatch.setattr(dependencies, "_install", lambda *_: pytest.fail("installed again"))
    assert installed("# only a comment more\nparcels==1.0\n") == first
    assert installed("# nothing\n") == {}


def test_the_functions_own_file_wins_over_a_package(logger: Pattern) -> None:
    pattern = bringing(logger, "parcels==1.0\n")
    files = (*pattern.files, SourceFile("functions/web/parcels.py", "NAME = 'own'\n", "python"))
    package = packaging.package(replace(pattern, files=files, content_hash="with its own"))
    names: dict[str, bytes] = {}
    for artifact in package.artifacts:
        with zipfile.ZipFile(io.BytesIO(artifact.content)) as archive:
            names |= {name: archive.read(name) for name in archive.namelist()}
    assert names["parcels.py"] == b"NAME = 'own'\n"


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("emulator")
def test_a_lab_whose_packages_cannot_be_had_fails_with_the_reason(logger: Pattern) -> None:
    lab = services.create_lab(bringing(logger, "no-such-parcel==9.9\n"), "somebody").lab
    assert lab.status == Status.FAILED
    assert "The function Web: pip could not install" in lab.reason
    assert "no-such-parcel==9.9" in lab.reason
    services.end_lab(lab, "The test is over.")


@pytest.mark.parametrize("line", ["parcels", "parcels>=1", "-r other.txt", "git+https://example.com/x", "./parcels"])
def test_what_is_no_exact_version_is_refused_before_pip_sees_it(
    line: str, logger: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dependencies, "_install", lambda *_: pytest.fail("pip was asked"))
    with pytest.raises(PackagingError, match=r"requirements\.txt, line 2: .* is not one exact version"):
        packaging.package(bringing(logger, f"\n{line}\n"))


def test_packages_that_are_too_large_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "MOST_BYTES", 100)
    with pytest.raises(NotInstalled, match="The packages take"):
        installed("crates==1.0")


def test_packages_used_longest_ago_are_removed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dependencies, "MOST_KEPT", 1)
    installed("parcels==1.0")
    installed("crates==1.0")
    kept = list((site_settings.VAR_DIR / "packages").iterdir())
    assert [(folder / "crates.py").is_file() for folder in kept] == [True]


def test_on_aws_packages_are_for_the_functions_machine(settings: Settings) -> None:
    assert dependencies._platform("python3.13", "arm64") == []
    settings.LABS_TARGET = "aws"
    options = dependencies._platform("python3.13", "arm64")
    assert options[:4] == ["--platform", "manylinux2014_aarch64", "--python-version", "3.13"]
