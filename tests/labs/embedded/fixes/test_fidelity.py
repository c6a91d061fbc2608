"""Invocations are told as AWS tells them."""

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded.fixes.fidelity import error_lines, exit_lines, is_malformed, platform_lines
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab
from catalogue.labs.targets import get_target
from catalogue.labs.watching import gauges
from catalogue.labs.watching.trace import LogReader
from tests.labs.conftest import run


def test_the_report_line_is_written_as_aws_writes_it() -> None:
    lines = platform_lines("r-1", "$LATEST", 256, ["said"], 6.204, 180.05)
    assert lines == [
        "START RequestId: r-1 Version: $LATEST",
        "said",
        "END RequestId: r-1",
        "REPORT RequestId: r-1\tDuration: 6.20 ms\tBilled Duration: 187 ms\tMemory Size: 256 MB\t"
        "Max Memory Used: 256 MB\tInit Duration: 180.05 ms",
    ]
    assert "Init" not in platform_lines("r-1", "1", 128, [], 1, None)[-1]


def test_a_traceback_begins_with_the_error_and_hides_the_worker() -> None:
    lines = [
        "before",
        "Traceback (most recent call last):",
        '  File "/var/x/ministack-lambda-f-1/_worker.py", line 128, in run',
        "    result = handler_fn(event, context)",
        '  File "/var/x/ministack-lambda-f-1/code/app.py", line 5, in handler',
        '    raise ValueError("no")',
        '  File "/home/me/.venv/lib/python3.13/site-packages/boto3/resources/action.py", line 88, in __call__',
        "ValueError: no",
    ]
    assert error_lines(lines) == [
        "before",
        "[ERROR] ValueError: no",
        "Traceback (most recent call last):",
        '  File "/var/task/app.py", line 5, in handler',
        '    raise ValueError("no")',
        '  File "/var/lang/lib/python3.13/site-packages/boto3/resources/action.py", line 88, in __call__',
    ]
    assert error_lines(["only said"]) == ["only said"]


def test_a_process_that_ends_is_reported_as_a_runtime_that_exited() -> None:
    assert exit_lines(["before", "Worker process died"], "r-1") == [
        "before",
        "RequestId: r-1 Error: Runtime exited without providing a reason",
        "Runtime.ExitError",
    ]
    assert exit_lines(["only said"], "r-1") == ["only said"]


def test_what_a_proxy_integration_may_return() -> None:
    assert not is_malformed({"statusCode": 200, "body": "x", "headers": {}})
    assert is_malformed("text")
    assert is_malformed({"message": "x"})


def test_cold_warm_and_failed_invocations_are_distinguished(lab: Lab) -> None:
    async def scenario() -> None:
        for path in ("/look", "/look", "/fail"):
            await call_edge(lab.pk, "GET", path, {})

    run(scenario())
    lines = gauges.read_logs(get_target(), {"Web": resources_of(lab)["Web"]}, 0)
    told = [event.data for event in LogReader().read(lines) if event.kind == "invocation"]
    assert [(data["cold"], data["error"]) for data in told] == [(True, False), (False, False), (False, True)]
    assert told[0]["init_ms"] > told[0]["ms"]
    assert told[0]["memory_mb"] == 256
    assert any(line.message.startswith("[ERROR] ValueError: the counter is closed") for line in lines)
    assert not any("ministack" in line.message for line in lines)


def test_a_function_without_concurrency_is_reported_as_an_internal_error(lab: Lab) -> None:
    """https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway-errors.html"""
    web = resources_of(lab)["Web"].id
    get_target().client("lambda").put_function_concurrency(FunctionName=web, ReservedConcurrentExecutions=0)
    refused = run(call_edge(lab.pk, "GET", "/look", {}))
    get_target().client("lambda").delete_function_concurrency(FunctionName=web)
    assert (refused.status, refused.parsed) == (500, {"message": "Internal server error"})
    assert run(call_edge(lab.pk, "GET", "/look", {})).status == 200
