"""The words that the site does not use stand in none of its texts: pages, mails, scripts, documents and messages."""

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from catalogue.patterns.documents.prose import body as prose
from catalogue.patterns.documents.prose import words

ROOT = Path(settings.BASE_DIR)
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("infra/*.md")]
TEMPLATES = [path for kind in ("html", "txt") for path in (ROOT / "templates").rglob(f"*.{kind}")]
SCRIPTS = list((ROOT / "static" / "js").rglob("*.js"))
MODULES = [path for path in (ROOT / "catalogue").rglob("*.py") if "migrations" not in path.parts]
STARTER = [
    path
    for path in (ROOT / "catalogue/patterns/content/starting/starter").rglob("*")
    if path.suffix in {".md", ".yaml", ".py"}
]

_SEEN_BY_READERS = re.compile(r'\b(?:title|aria-label|alt|placeholder|content)="([^"]*)"')
_TAG = re.compile(r"<[^>]*>")
_TEMPLATE_CODE = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
_SCRIPT_TEXT = re.compile(
    r"""//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`""", re.DOTALL
)
_FILLED_IN = re.compile(r"\$\{[^}]*\}")


def blank(match: re.Match[str]) -> str:
    """Nothing, in as many lines."""
    return " " + "\n" * match[0].count("\n")


def of_document(text: str) -> str:
    """Prose without its code blocks; CONTRIBUTING.md's table of these very words aside."""
    kept = ("" if line.code or line.text.startswith("| *") else line.text for line in prose.lines(text))
    return "\n".join(kept)


def of_template(text: str) -> str:
    def seen(match: re.Match[str]) -> str:
        return " ".join(_SEEN_BY_READERS.findall(match[0])) + blank(match)

    return _TAG.sub(seen, _TEMPLATE_CODE.sub(blank, text))


def of_script(text: str) -> str:
    """Comments and strings, on their lines."""
    kept, end = "", 0
    for match in _SCRIPT_TEXT.finditer(text):
        kept += "\n" * text.count("\n", end, match.start()) + " " + _FILLED_IN.sub(" ", match[0])
        end = match.end()
    return kept


def messages(text: str) -> Iterator[tuple[int, str]]:
    """Strings of more than one word, docstrings aside: what commands print and pages answer."""
    tree = ast.parse(text)
    comments = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in comments
            and " " in node.value
        ):
            yield node.lineno, node.value


def report(path: Path, line: int, found: words.Found) -> str:
    return f"{path.relative_to(ROOT)}:{line}: `{found.word}`: write {found.instead}"


@pytest.mark.parametrize(
    ("paths", "texts"),
    [(DOCUMENTS, of_document), (TEMPLATES, of_template), (SCRIPTS, of_script), (STARTER, str)],
    ids=["documents", "templates", "scripts", "starter"],
)
def test_texts_use_none_of_the_listed_words(paths: list[Path], texts: Callable[[str], str]) -> None:
    assert paths
    found = [report(path, each.line, each) for path in sorted(paths) for each in words.find(texts(path.read_text()))]
    assert found == []


def test_messages_use_none_of_the_listed_words() -> None:
    found = [
        report(path, line, each)
        for path in sorted(MODULES)
        if path.name != "words.py"
        for line, text in messages(path.read_text())
        for each in words.find(text)
    ]
    assert found == []


def test_contributing_lists_each_word_with_what_to_write_instead() -> None:
    table = re.findall(r"^\| \*(.+?)\* \| (.+?) \|$", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE)
    assert dict(table) == dict(words.INSTEAD)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Nobody asks.", [(1, "Nobody")]),
        ("A line,\nand it is mended.", [(2, "mended")]),
        ("It hangs, on it.", []),
        ("Nothing hangs on it.", [(1, "hangs on")]),
        ("It is `anew` in code, and told by https://example.com/anew", []),
        ("indeed, self.deed and a-deed or deed_of are no words of prose", []),
        ("The deed's end: a deed.", [(1, "deed")]),
    ],
)
def test_a_word_is_found_in_prose_and_in_all_its_forms(text: str, found: list[tuple[int, str]]) -> None:
    assert [(each.line, each.word) for each in words.find(text)] == found


def test_texts_are_taken_out_of_what_surrounds_them_with_their_lines() -> None:
    assert [
        each.line for each in words.find(of_template('<a\nclass="deed" title="a deed">{{ deed }}\n{% if deed %}deed'))
    ] == [1, 3]
    assert [
        each.line for each in words.find(of_script("const deed = deeds[`${deed}`];\n// a deed\nsay('no deed');"))
    ] == [2, 3]
    assert [each.line for each in words.find(of_document("a deed\n\n```\na deed\n```\n"))] == [1]
