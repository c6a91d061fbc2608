"""Results for CI: JUnit XML, and annotations of GitHub Actions. Pure.

https://docs.github.com/actions/reference/workflow-commands-for-github-actions (read 2026-12-01)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that no XML document holds: https://www.w3.org/TR/xml/#charsets"""


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    seconds: float
    failures: tuple[str, ...] = ()
    """What is not as described; empty if all is."""
    line: int = 1
    """Of the file that describes it."""


def document(suite: str, cases: Sequence[Case]) -> str:
    """A test suite with a test case each."""
    failed = sum(bool(case.failures) for case in cases)
    seconds = sum(case.seconds for case in cases)
    counts = f'tests="{len(cases)}" failures="{failed}" errors="0" time="{seconds:.3f}"'
    rows = "".join(_case(suite, case) for case in cases)
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<testsuites {counts}>\n'
        f"<testsuite name={_attribute(suite)} {counts}>\n{rows}</testsuite>\n</testsuites>\n"
    )


def _case(suite: str, case: Case) -> str:
    start = (
        f"<testcase classname={_attribute(suite)} name={_attribute(f'{case.name}: {case.title}')} "
        f'time="{case.seconds:.3f}"'
    )
    if not case.failures:
        return f"{start}/>\n"
    text = escape(_plain("\n".join(case.failures)))
    return f"{start}><failure message={_attribute(case.failures[0])}>{text}</failure></testcase>\n"


def _attribute(text: str) -> str:
    return quoteattr(_plain(text))


def _plain(text: str) -> str:
    return _NOT_XML.sub("\ufffd", text)


def annotation(file: str, case: Case) -> str:
    """A line by which GitHub Actions shows the failure in the file."""
    title = _parameter(case.title)
    message = "; ".join(case.failures).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::error file={_parameter(file)},line={case.line},title={title}::{message}"


def _parameter(text: str) -> str:
    for sign, code in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A"), (":", "%3A"), (",", "%2C")):
        text = text.replace(sign, code)
    return text
