import pytest

from catalogue.patterns.documents.prose.code_refs import UnresolvedReference, resolve
from tests.patterns.support.drafts import Draft

CODE = '''\
"""A module."""

import json

# How long a claim is kept,
# in seconds.
TTL: int = 60
LIMIT = 5


# Not of the function below.

# Turns the request
# into an order.
@decorated
@twice(3)
def handler(event, context):
    # region claim
    claim = event["id"]
    # endregion
    return claim


class Store:
    pass


# region tail
def last():
    return json
# endregion
'''


@pytest.fixture
def written(sample: Draft) -> Draft:
    sample.write("functions/web/app.py", CODE)
    return sample


@pytest.mark.parametrize(
    ("fragment", "first", "last"),
    [
        ("TTL", "# How long a claim is kept,", "TTL: int = 60"),
        ("LIMIT", "LIMIT = 5", "LIMIT = 5"),
        ("handler", "# Turns the request", "    return claim"),
        ("claim", '    claim = event["id"]', '    claim = event["id"]'),
        ("Store", "class Store:", "    pass"),
        ("tail", "def last():", "    return json"),
        ("last", "def last():", "    return json"),
    ],
)
def test_a_fragment_of_python_is_found(written: Draft, fragment: str, first: str, last: str) -> None:
    excerpt = resolve(written.pattern(), f"functions/web/app.py#{fragment}")
    lines = excerpt.text.splitlines()
    assert (lines[0], lines[-1]) == (first, last)
    assert CODE.splitlines()[excerpt.first_line - 1 : excerpt.last_line] == lines
    assert (excerpt.path, excerpt.language) == ("functions/web/app.py", "python")


def test_a_region_goes_before_a_definition_of_the_same_name(written: Draft) -> None:
    written.append("functions/web/app.py", "\n# region handler\nX = 1\n# endregion\n")
    assert resolve(written.pattern(), "functions/web/app.py#handler").text == "X = 1\n"


def test_a_whole_file_is_its_text(written: Draft) -> None:
    excerpt = resolve(written.pattern(), "functions/web/app.py")
    assert excerpt.text == CODE
    assert (excerpt.first_line, excerpt.last_line) == (1, len(CODE.splitlines()))


def test_a_resource_is_its_whole_block_and_no_more(sample: Draft) -> None:
    sample.replace("template.yaml", "\n  Api:\n", "\n  # The API takes everything.\n  Api:\n")
    pattern = sample.pattern()
    lines = resolve(pattern, "template.yaml#WebFunction").text.splitlines()
    assert (lines[0], lines[-1]) == ("  WebFunction:", "      Timeout: 5")
    stage = resolve(pattern, "template.yaml#Stage").text.splitlines()
    assert stage[-1] == "          ThrottlingBurstLimit: 100"


def test_a_region_of_a_template_is_found(sample: Draft) -> None:
    sample.replace("template.yaml", "      Timeout: 5\n", "      # region time\n      Timeout: 5\n      # endregion\n")
    assert resolve(sample.pattern(), "template.yaml#time").text == "      Timeout: 5\n"


def test_a_resource_of_the_naive_twin_is_found(sample: Draft) -> None:
    sample.write("naive.yaml", sample.text("template.yaml"))
    assert resolve(sample.pattern(), "naive.yaml#Api").path == "naive.yaml"


@pytest.mark.parametrize(
    ("ref", "message", "remedy"),
    [
        ("functions/web/app.py#missing", "has no `missing`", "# region missing"),
        ("template.yaml#Missing", "has no `Missing`", "WebFunction, WebLogs, Api"),
        ("template.yml", "no file", "template.yaml"),
        ("../x/template.yaml", "no file", "template.yaml"),
        ("/etc/passwd", "no file", "template.yaml"),
    ],
)
def test_what_cannot_be_resolved_says_what_can(sample: Draft, ref: str, message: str, remedy: str) -> None:
    with pytest.raises(UnresolvedReference) as caught:
        resolve(sample.pattern(), ref)
    assert message in caught.value.message
    assert remedy in caught.value.remedy


def test_a_region_without_an_end_is_not_resolved(sample: Draft) -> None:
    sample.append("functions/web/app.py", "\n# region open\nX = 1\n")
    with pytest.raises(UnresolvedReference):
        resolve(sample.pattern(), "functions/web/app.py#open")
