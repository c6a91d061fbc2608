"""Functions and their code: what `make check` says of them."""

from catalogue.patterns.content.checks import functions
from catalogue.patterns.content.pattern import load_pattern
from tests.patterns.support.drafts import Draft, expect_one


def test_a_requirement_without_an_exact_version_has_its_line(sample: Draft) -> None:
    folder = next((sample.folder / "functions").iterdir())
    (folder / "requirements.txt").write_text("# pinned\nidna==3.10\nrequests\n", "utf-8")
    expect_one(
        list(functions.check(load_pattern(sample.folder))),
        id="patterns.E048",
        file="requirements.txt",
        line=3,
        message="`requests` is not one exact version",
        remedy="Pin each package",
    )
    (folder / "requirements.txt").write_text("idna==3.10 \\\n    --hash=sha256:" + "0" * 64 + "\n", "utf-8")
    assert list(functions.check(load_pattern(sample.folder))) == []
