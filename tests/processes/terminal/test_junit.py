"""Results as CI reads them."""

from xml.etree import ElementTree

from catalogue.management.terminal.junit import Case, annotation, document

CASES = [
    Case("order", "Place an order", 0.5),
    Case("late", 'Ask "too late" & again', 1.25, ("status 200 (seen: <404>)", "1 item\x00 (seen: 0)"), 12),
]


def test_a_suite_has_a_case_each_and_counts_those_that_failed() -> None:
    root = ElementTree.fromstring(document("my-orders", CASES))

    suite = root.find("testsuite")
    assert suite is not None
    assert {name: suite.attrib[name] for name in ("name", "tests", "failures", "time")} == {
        "name": "my-orders",
        "tests": "2",
        "failures": "1",
        "time": "1.750",
    }
    assert [case.attrib["name"] for case in suite] == ["order: Place an order", 'late: Ask "too late" & again']


def test_a_failure_has_all_that_was_not_as_described_without_what_no_xml_holds() -> None:
    failures = ElementTree.fromstring(document("my-orders", CASES)).findall(".//failure")

    assert [failure.text for failure in failures] == ["status 200 (seen: <404>)\n1 item\ufffd (seen: 0)"]
    assert failures[0].attrib["message"] == "status 200 (seen: <404>)"


def test_an_annotation_names_file_and_line_and_escapes_the_rest() -> None:
    case = Case("late", "Ask: twice, now", 1.0, ("100% of\nthem",), 12)

    assert annotation("a/demo.yaml", case) == (
        "::error file=a/demo.yaml,line=12,title=Ask%3A twice%2C now::100%25 of%0Athem"
    )
