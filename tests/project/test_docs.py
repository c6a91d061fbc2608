"""What the documents say of commands, files and settings is so."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"]
ALL = [*DOCUMENTS, *sorted(str(path.relative_to(ROOT)) for path in (ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_make_target_named_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^    )make ([a-z-]+)", (ROOT / document).read_text(), re.MULTILINE))
    assert named <= targets


def anchors(document: Path) -> set[str]:
    """The anchors that code hosts make of a document's headings: words in lower case, joined by hyphens."""
    headings = re.findall(r"^#+ (.+)$", document.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("document", ALL)
def test_every_link_to_a_file_or_a_heading_leads_somewhere(document: str) -> None:
    here = ROOT / document
    missing = []
    for file, anchor in re.findall(r"\]\((?!https?:|mailto:)([^)#\s]*)#?([^)\s]*)\)", here.read_text()):
        target = here.parent / file if file else here
        if not target.exists() or (anchor and anchor not in anchors(target)):
            missing.append(f"{file}#{anchor}")
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
