"""What a function prints stands in its own invocation, whole, on a busy machine too."""

import itertools
from collections.abc import Callable

import pytest

from catalogue.labs.embedded.calls.log_lines import END
from tests.labs.fidelity.conftest import Stack

TALKS = """
import json, sys

def handler(event, context):
    number = (event.get("queryStringParameters") or {}).get("n", "0")
    print("begun", number)
    for line in range(20):
        print(number, line)
    print("not ended", number, end="")
    if number == "7":
        raise ValueError("seven")
    return {"statusCode": 200, "body": "x" * 20000}
"""


@pytest.mark.lab
def test_each_invocation_has_its_lines_also_if_it_fails_or_answers_at_length(
    stack_of: Callable[[str], Stack],
) -> None:
    stack = stack_of("function-as-a-web-service")
    stack.replace_handler("QuoteFunction", TALKS)
    for number in range(9):
        stack.call("GET", f"/zones?n={number}")
    seen = [line.message.strip() for line in stack.lines("QuoteFunction")]
    starts = [place for place, line in enumerate(seen) if line.startswith("START")] + [len(seen)]
    for number, (start, end) in enumerate(itertools.pairwise(starts)):
        own = [line for line in seen[start:end] if line.split()[0] in (str(number), "begun", "not")]
        assert own == [f"begun {number}", *(f"{number} {line}" for line in range(20)), f"not ended {number}"]
    assert not any(END in line for line in seen)
