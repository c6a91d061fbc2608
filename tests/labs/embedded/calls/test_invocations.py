"""Calls of warm functions, which the emulator's event loop waits for, are those of Lambda: each has its own answer and
lines, sleeping handlers overlap, a handler may call its own API, and what fails or takes too long ends its worker."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import aiohttp
import pytest

from catalogue.labs.embedded.calls.turns import PER_LAB
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.targets import get_target
from tests.bench.bare_emulator import web_function
from tests.support.waiting import await_true

NAME = "invocations"
TIMEOUT = 6
HANDLER = """
import json, os, time, urllib.request, uuid

WORKER = str(uuid.uuid4())

def handler(event, context):
    query = event.get("queryStringParameters") or {}
    started = time.time()
    print(json.dumps({"number": query.get("number"), "request": context.aws_request_id}))
    if "sleep" in query:
        time.sleep(float(query["sleep"]))
    if "fail" in query:
        raise ValueError("on purpose")
    below = int(query.get("below", 0))
    inner = None
    if below:
        address = os.environ["AWS_ENDPOINT_URL"] + "/_aws/execute-api/" + query["api"] + "/live/look"
        with urllib.request.urlopen(f"{address}?api={query['api']}&below={below - 1}") as answer:
            inner = json.load(answer)
    said = {"number": query.get("number"), "worker": WORKER, "started": started, "ended": time.time(), "inner": inner}
    return {"statusCode": 200, "headers": {"Content-Type": "application/json"}, "body": json.dumps(said)}
"""


class Function:
    """A deployed function behind an API."""

    def __init__(self, url: str, api: str, name: str) -> None:
        self.url, self.api, self.name = url, api, name

    def call(self, *queries: dict[str, Any]) -> list[tuple[int, Any]]:
        """Status and JSON of calls that are sent at the same moment."""

        async def one(session: aiohttp.ClientSession, query: dict[str, Any]) -> tuple[int, Any]:
            async with session.get(self.url, params={name: str(value) for name, value in query.items()}) as answer:
                return answer.status, await answer.json()

        async def scenario() -> list[tuple[int, Any]]:
            timeout = aiohttp.ClientTimeout(total=60)
            async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), timeout=timeout) as session:
                return await asyncio.gather(*(one(session, query) for query in queries))

        return asyncio.run(scenario())

    def log(self) -> list[str]:
        group = f"/aws/lambda/{self.name}"
        return [
            event["message"] for event in get_target().client("logs").filter_log_events(logGroupName=group)["events"]
        ]


@pytest.fixture(scope="module")
def function(emulator: Emulator) -> Iterator[Function]:
    cloudformation = get_target().client("cloudformation")
    resources = web_function(HANDLER)
    resources["Function"]["Properties"]["Timeout"] = TIMEOUT
    template = {"Transform": "AWS::Serverless-2016-10-31", "Resources": resources}
    cloudformation.create_stack(
        StackName=NAME, TemplateBody=json.dumps(template), Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"]
    )
    await_true(
        lambda: cloudformation.describe_stacks(StackName=NAME)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE", 30
    )
    found = cloudformation.describe_stack_resources(StackName=NAME)["StackResources"]
    ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in found}
    address = f"{emulator.url}/_aws/execute-api/{ids['Api']}/live/look"
    yield Function(address, ids["Api"], ids["Function"])
    get_target().client("lambda").delete_function(FunctionName=ids["Function"])
    cloudformation.delete_stack(StackName=NAME)


def test_each_of_many_calls_has_its_own_answer_and_its_own_lines(function: Function) -> None:
    for wave in range(3):
        numbers = [f"{wave}-{number}" for number in range(40)]
        answers = function.call(*({"number": number} for number in numbers))
        assert [(status, body["number"]) for status, body in answers] == [(200, number) for number in numbers]
    lines = function.log()
    said = [json.loads(line) for line in lines if line.startswith('{"number"')]
    assert sorted(line["number"] for line in said) == sorted(
        f"{wave}-{number}" for wave in range(3) for number in range(40)
    )
    reports = [line.split()[2] for line in lines if line.startswith("REPORT")]
    assert sorted(line["request"] for line in said) == sorted(reports)


def test_handlers_that_sleep_run_at_the_same_time(function: Function) -> None:
    calls = [{"sleep": TIMEOUT - 1}] * (4 * PER_LAB)
    function.call(*calls)  # now there is a worker for each
    answers = [body for _, body in function.call(*calls)]
    assert max(body["started"] for body in answers) < min(body["ended"] for body in answers)
    assert len({body["worker"] for body in answers}) == len(calls)


def test_a_worker_answers_again_and_again(function: Function) -> None:
    workers = {body["worker"] for _ in range(20) for _, body in function.call({})}
    assert len(workers) == 1


def test_handlers_may_call_their_own_api(function: Function) -> None:
    depth = 4
    calls = [{"api": function.api, "below": depth}] * (2 * PER_LAB)
    for _ in range(2):  # cold, then warm
        for status, body in function.call(*calls):
            assert status == 200
            for _ in range(depth):
                body = body["inner"]
            assert body["inner"] is None


def test_a_failure_and_a_timeout_end_the_worker_and_the_next_call_has_another(function: Function) -> None:
    [(_, before)] = function.call({})
    assert function.call({"fail": 1}) == [(502, {"message": "Internal server error"})]
    [(status, after)] = function.call({})
    assert (status, after["worker"] != before["worker"]) == (200, True)
    started = time.monotonic()
    [(status, _)] = function.call({"sleep": 60})
    assert status == 502
    assert TIMEOUT <= time.monotonic() - started < 60
    assert any(f"Task timed out after {TIMEOUT}.00 seconds" in line for line in function.log())
    assert function.call({})[0][0] == 200
