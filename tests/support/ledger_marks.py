"""A pytest plugin that writes down which collected tests carry `@pytest.mark.ledger(slug, row)`.

    python -m pytest -p tests.support.ledger_marks --ledger-marks marks.json --collect-only tests/…

The file holds `[{"test": "tests/x/test_y.py::test_z", "slug": …, "row": …}]`, parametrised tests once.
"""

import json
from pathlib import Path

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--ledger-marks", help="where to write the marks of the collected tests")


def pytest_collection_finish(session: pytest.Session) -> None:
    target = session.config.getoption("--ledger-marks")
    if target is None:
        return
    found = {
        (item.nodeid.partition("[")[0], *mark.args) for item in session.items for mark in item.iter_markers("ledger")
    }
    marks = [dict(zip(("test", "slug", "row"), each, strict=True)) for each in sorted(found)]
    Path(target).write_text(json.dumps(marks, indent=1), "utf-8")
