"""A pytest plugin that writes down whether a ledger's tests passed, for `manage.py run_on_aws --tests`.

    RUN_ON_AWS=1 LABS_TARGET=aws \\
        python -m pytest -p tests.support.ledger_outcomes --ledger-outcomes FILE -m ledger tests/labs

The file holds `{"tests/x/test_y.py::test_z": true, …}`; a parametrised test passed if it did with all its parameters.
"""

import json
from pathlib import Path

import pytest

_passed: dict[str, bool] = {}


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--ledger-outcomes", help="where to write the outcomes of tests that carry a ledger's mark")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if "ledger" in report.keywords and (report.failed or (report.when == "call" and report.passed)):
        name = report.nodeid.partition("[")[0]
        _passed[name] = _passed.get(name, True) and not report.failed


def pytest_sessionfinish(session: pytest.Session) -> None:
    target = session.config.getoption("--ledger-outcomes")
    if target is not None:
        Path(target).write_text(json.dumps(_passed, indent=1), "utf-8")
