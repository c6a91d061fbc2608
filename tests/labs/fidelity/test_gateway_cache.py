"""Gateway Cache: what the embedded AWS does, as the pattern's ledger says."""

import asyncio
import time
from collections.abc import Callable

import pytest

from catalogue.labs.demos.expectations import StepAnswer
from catalogue.labs.edge.client import call_edge
from tests.labs.conftest import run
from tests.labs.fidelity.conftest import Stack

SLUG = "gateway-cache"
TTL_SECONDS = 8
SIZED = """
import json

def handler(event, context):
    print(json.dumps({"step": "sized"}))
    size = int(event["pathParameters"]["id"])
    return {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "x" * size}
"""
FAILING = """
def handler(event, context):
    raise RuntimeError("out of glaze")
"""
pytestmark = pytest.mark.lab


@pytest.fixture
def stack(stack_of: Callable[[str], Stack]) -> Stack:
    return stack_of(SLUG)


def read(stack: Stack, product: str = "mug", currency: str = "EUR", **headers: str) -> StepAnswer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return stack.call("GET", f"/products/{product}?currency={currency}", named)


def headers_of(answer: StepAnswer) -> dict[str, str]:
    """Without those by which the gateway numbers each call."""
    own = {"x-amzn-trace-id", "x-amzn-requestid", "x-amz-request-id", "date"}
    return {name: value for name, value in answer.headers.items() if name not in own}


@pytest.mark.ledger(SLUG, "hit")
def test_a_hit_is_the_kept_answer_whole(stack: Stack) -> None:
    miss, hit = read(stack), read(stack)
    assert (hit.status, hit.body, headers_of(hit)) == (miss.status, miss.body, headers_of(miss))
    assert hit.headers["x-rendering"] == hit.parsed["rendering"]
    assert not any("cache" in name and name != "cache-control" for name in hit.headers)
    assert stack.invocations("Storefront") == 1


@pytest.mark.ledger(SLUG, "key")
def test_a_parameter_of_the_integration_is_no_key(stack: Stack) -> None:
    gateway, api = stack.client("apigateway"), stack.id("Api")
    (resource,) = [
        one["id"] for one in gateway.get_resources(restApiId=api)["items"] if one["path"] == "/products/{id}"
    ]
    gateway.put_integration(
        restApiId=api,
        resourceId=resource,
        httpMethod="GET",
        type="AWS_PROXY",
        integrationHttpMethod="POST",
        uri=gateway.get_integration(restApiId=api, resourceId=resource, httpMethod="GET")["uri"],
        requestParameters={"integration.request.header.money": "method.request.querystring.currency"},
        cacheKeyParameters=["integration.request.header.money"],
    )
    gateway.create_deployment(restApiId=api, stageName="live")
    assert [read(stack, currency=currency).parsed["currency"] for currency in ("EUR", "USD")] == ["EUR", "EUR"]
    # It is taken for a header of the client's request.
    assert read(stack, currency="USD", money="USD").parsed["currency"] == "USD"


@pytest.mark.ledger(SLUG, "expiry")
def test_an_entry_lives_exactly_as_long_as_it_says(stack: Stack) -> None:
    asked_at = time.monotonic()
    first = read(stack)
    kept_at = time.monotonic()
    time.sleep(TTL_SECONDS - 1)
    young = read(stack)
    read_at = time.monotonic()
    time.sleep(max(0.0, kept_at + TTL_SECONDS + 0.1 - time.monotonic()))
    old = read(stack)
    if read_at - asked_at < TTL_SECONDS:  # else the machine was asleep itself
        assert young.body == first.body
    assert old.parsed["rendering"] != first.parsed["rendering"]


@pytest.mark.ledger(SLUG, "misses-at-once")
def test_misses_at_the_same_moment_all_reach_the_function(stack: Stack) -> None:
    async def four() -> list[StepAnswer]:
        calls = (call_edge(stack.lab.pk, "GET", "/products/vase?currency=USD", {}) for _ in range(4))
        return list(await asyncio.gather(*calls))

    renderings = {answer.parsed["rendering"] for answer in run(four())}
    assert len(renderings) == 4
    assert stack.invocations("Storefront") == 4


@pytest.mark.ledger(SLUG, "every-status")
def test_a_404_of_the_function_is_kept_and_a_failure_is_not(stack: Stack) -> None:
    unknown = [read(stack, "spoon") for _ in range(3)]
    assert [answer.status for answer in unknown] == [404, 404, 404]
    assert stack.invocations("Storefront") == 1
    stack.replace_handler("Storefront", FAILING)
    failed = [read(stack, "bowl") for _ in range(3)]
    assert [answer.status for answer in failed] == [502, 502, 502]
    assert stack.invocations("Storefront") == 4


@pytest.mark.ledger(SLUG, "size")
def test_a_response_of_more_than_a_mebibyte_is_not_kept(stack: Stack) -> None:
    stack.replace_handler("Storefront", SIZED)
    small = [len(read(stack, "104857").body) for _ in range(2)]
    assert (small, stack.invocations("Storefront")) == ([104_857, 104_857], 1)
    large = [len(read(stack, "1048577").body) for _ in range(2)]
    assert (large, stack.invocations("Storefront")) == ([1_048_577, 1_048_577], 3)


@pytest.mark.ledger(SLUG, "refused-invalidation")
def test_a_signed_request_may_not_invalidate_either(stack: Stack) -> None:
    kept = read(stack)
    signature = "AWS4-HMAC-SHA256 Credential=test/20261124/us-east-1/execute-api/aws4_request, SignedHeaders=host, "
    answer = read(stack, Cache_Control="max-age=0", Authorization=f"{signature}Signature={'0' * 64}")
    assert (answer.status, answer.body) == (200, kept.body)
    assert answer.headers["warning"].startswith("199 ")


@pytest.mark.ledger(SLUG, "open-invalidation")
def test_a_changed_method_is_listed_once_with_plain_slashes(stack: Stack) -> None:
    gateway, api, stage = stack.client("apigateway"), stack.id("Api"), stack.id("Stage")

    def spellings() -> list[str]:
        settings = gateway.get_stage(restApiId=api, stageName=stage)["methodSettings"]
        return [key for key in settings if "products" in key]

    path = "/~1products~1{id}/GET/caching/requireAuthorizationForCacheControl"
    gateway.update_stage(
        restApiId=api, stageName=stage, patchOperations=[{"op": "replace", "path": path, "value": "false"}]
    )
    assert spellings() == ["/products/{id}/GET"]
    kept, fresh = read(stack), read(stack, Cache_Control="max-age=0")
    assert kept.parsed["rendering"] != fresh.parsed["rendering"]
    assert read(stack).body == fresh.body


@pytest.mark.ledger(SLUG, "flush")
def test_a_flush_forgets_every_page_of_the_stage(stack: Stack) -> None:
    before = [read(stack, product).parsed["rendering"] for product in ("mug", "bowl")]
    answer = stack.client("apigateway").flush_stage_cache(restApiId=stack.id("Api"), stageName=stack.id("Stage"))
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 202
    after = [read(stack, product).parsed["rendering"] for product in ("mug", "bowl")]
    assert set(before).isdisjoint(after)


@pytest.mark.ledger(SLUG, "creation")
def test_a_new_stage_caches_from_its_first_answer_on(stack: Stack) -> None:
    assert read(stack).body == read(stack).body
    assert stack.invocations("Storefront") == 1
