"""What the documents say of commands, files and settings is so."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md"]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", (ROOT / document).read_text(), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_link_to_a_file_leads_somewhere(document: str) -> None:
    links = re.findall(r"\]\((?!https?://|#)([^)#]+)", (ROOT / document).read_text())
    missing = [link for link in links if not (ROOT / link).exists()]
    assert not missing


def test_every_setting_in_the_readme_is_read_and_every_default_true() -> None:
    settings = (ROOT / "catalogue/settings.py").read_text()
    table = re.findall(r"^\| (`[A-Z_`, ]+`) \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    names = [name for row in table for name in re.findall(r"[A-Z_]+", row)]
    assert len(names) > 10
    assert [name for name in names if f'"{name}"' not in settings] == []


@pytest.mark.parametrize(
    ("document", "paths"),
    [("ARCHITECTURE.md", r"`((?:labs|patterns|newsletter)/[\w/]+\.py)`")],
)
def test_every_module_named_exists(document: str, paths: str) -> None:
    named = re.findall(paths, (ROOT / document).read_text())
    assert named
    assert [path for path in named if not (ROOT / "catalogue" / path).exists()] == []


def test_no_committed_file_names_a_registry_or_carries_an_address_for_packages() -> None:
    for name in [
        "requirements.txt",
        "requirements-dev.txt",
        "requirements-tools.txt",
        "pyproject.toml",
        "Makefile",
    ]:
        assert not re.search(r"https?://\S*(pypi|pythonhosted|simple)\S*", (ROOT / name).read_text()), name
