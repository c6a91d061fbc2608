"""Function as a Web Service: what the embedded AWS does, as the rows of its ledger say."""

import json
from collections.abc import Callable

import pytest

from catalogue.labs.embedded.host import clean_environment
from tests.labs.fidelity.conftest import ECHO, Stack

SLUG = "function-as-a-web-service"
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


@pytest.mark.ledger(SLUG, "malformed-answer")
def test_a_malformed_answer(stack: Stack) -> None:
    stack.replace_handler("QuoteFunction", "def handler(event, context):\n    return {'status': 200, 'body': 'x'}\n")
    answer = stack.call("GET", "/zones")
    assert (answer.status, answer.parsed) == (502, {"message": "Internal server error"})
    stack.replace_handler("QuoteFunction", "def handler(event, context):\n    return {'statusCode': 200, 'body': {}}\n")
    answer = stack.call("GET", "/zones")
    assert (answer.status, answer.parsed) == (200, {})


@pytest.mark.ledger(SLUG, "warm-environment")
def test_an_idle_environment_is_kept_for_a_minute() -> None:
    assert clean_environment()["LAMBDA_WARM_TTL_SECONDS"] == "60"


@pytest.mark.ledger(SLUG, "after-an-exception")
def test_the_call_after_an_exception_is_cold(stack: Stack) -> None:
    stack.set_environment("QuoteFunction", FUEL_SURCHARGE_PERCENT="seven")
    before = [stack.call("GET", "/zones").parsed["served_by"] for _ in range(2)]
    assert [served["cold"] for served in before] == [True, False]
    assert stack.call("GET", "/zones/city/quote?grams=100").status == 502
    after = stack.call("GET", "/zones").parsed["served_by"]
    assert after["cold"]
    assert after["environment"] != before[0]["environment"]


@pytest.mark.ledger(SLUG, "header-names")
def test_header_names_arrive_in_lower_case(stack: Stack) -> None:
    stack.replace_handler("QuoteFunction", ECHO)
    headers = stack.call("GET", "/zones", {"X-Shop-Front": "pottery"}).parsed["headers"]
    assert headers["x-shop-front"] == "pottery"
    assert all(name == name.lower() for name in headers)


@pytest.mark.ledger(SLUG, "repeated-parameter")
def test_of_a_repeated_parameter_the_first_value_is_given(stack: Stack) -> None:
    stack.replace_handler("QuoteFunction", ECHO)
    event = stack.call("GET", "/zones?grams=1&grams=2").parsed
    assert event["queryStringParameters"] == {"grams": "1"}
    assert event["multiValueQueryStringParameters"] == {"grams": ["1", "2"]}


@pytest.mark.ledger(SLUG, "invoke-permission")
def test_the_permission_to_invoke_is_not_checked(stack: Stack) -> None:
    functions, name = stack.client("lambda"), stack.id("QuoteFunction")
    for logical in ("ListZonesPermission", "GetQuotePermission"):
        functions.remove_permission(FunctionName=name, StatementId=stack.id(logical))
    assert json.loads(functions.get_policy(FunctionName=name)["Policy"])["Statement"] == []
    assert stack.call("GET", "/zones").status == 200


@pytest.mark.ledger(SLUG, "log-permission")
def test_the_permission_to_write_the_log_is_not_checked(stack: Stack) -> None:
    stack.client("iam").delete_role_policy(RoleName=stack.id("QuoteRole"), PolicyName="write-its-log")
    assert stack.call("GET", "/zones").status == 200
    assert stack.lines("QuoteFunction", "request.answered")


@pytest.mark.ledger(SLUG, "log-times")
def test_all_lines_of_an_invocation_have_one_timestamp(stack: Stack) -> None:
    stack.set_environment("QuoteFunction", CARRIER_SECONDS="1")
    assert stack.call("GET", "/zones/city/quote?grams=100").status == 200
    (received,), (answered,) = (stack.lines("QuoteFunction", f"request.{what}") for what in ("received", "answered"))
    assert said_at(answered.message) - said_at(received.message) >= 1
    assert received.at_ms == answered.at_ms


GROWS = """
import time

def handler(event, context):
    held = bytearray(600 * 1024 * 1024)
    for at in range(0, len(held), 4096):
        held[at] = 1
    time.sleep(60)
"""
WRITES = """
import json, os

def written(folder):
    try:
        with open(os.path.join(folder, "note"), "w") as note:
            note.write("x")
    except OSError as error:
        return os.strerror(error.errno)
    return "written"

def handler(event, context):
    folders = {"code": os.path.dirname(os.path.abspath(__file__)), "etc": "/etc", "tmp": "/tmp"}
    return {"statusCode": 200, "body": json.dumps({name: written(folder) for name, folder in folders.items()})}
"""


@pytest.mark.ledger(SLUG, "memory")
def test_a_function_over_its_memory_is_killed(stack: Stack) -> None:
    stack.replace_handler("QuoteFunction", GROWS)
    stack.client("lambda").update_function_configuration(FunctionName=stack.id("QuoteFunction"), Timeout=25)
    answer = stack.call("GET", "/zones")
    assert (answer.status, answer.parsed) == (502, {"message": "Internal server error"})
    assert stack.lines("QuoteFunction", "Runtime exited with error: signal: killed")
    stack.replace_handler("QuoteFunction", ECHO)
    assert stack.call("GET", "/zones").status == 200


@pytest.mark.ledger(SLUG, "disk")
@pytest.mark.usefixtures("shut_in")
def test_a_function_can_write_to_tmp_only(stack: Stack) -> None:
    stack.replace_handler("QuoteFunction", WRITES)
    refused = "Read-only file system"
    assert stack.call("GET", "/zones").parsed == {"code": refused, "etc": refused, "tmp": "written"}


def said_at(line: str) -> float:
    """The Unix time that a handler has printed into its line."""
    return float(json.loads(line)["at"])
