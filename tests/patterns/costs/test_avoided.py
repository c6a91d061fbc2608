"""What was not spent follows from the run: who was refused, what the cache answered, where no function stands."""

from decimal import Decimal

import pytest

from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.costs.avoided import (
    BY_MEAN,
    BY_REQUEST,
    Avoided,
    against_twin,
    avoided,
    mean_invocation,
    month_avoided,
)
from catalogue.patterns.costs.bill import bill
from catalogue.patterns.costs.prices import price
from catalogue.patterns.runs.document import Run
from tests.patterns.costs.runs import bare, invocation, request, run, template, use

DIRECT = """
AWSTemplateFormatVersion: "2010-09-09"
Resources:
  Api: {Type: AWS::ApiGateway::RestApi}
  Path: {Type: AWS::ApiGateway::Resource, Properties: {ParentId: !GetAtt Api.RootResourceId, PathPart: orders}}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      HttpMethod: POST
      ResourceId: !Ref Path
      Integration: {Type: AWS, Uri: !Sub "arn:aws:apigateway:${AWS::Region}:sqs:path/${AWS::AccountId}/orders"}
"""


def avoided_in(made: Run, of: Template) -> Avoided:
    return avoided(made, of)


def kinds(found: Avoided) -> dict[str, Decimal]:
    return {line.kind: line.count for line in found.lines}


@pytest.mark.parametrize("operation", ["Refusal", "CacheHit"])
def test_an_avoided_invocation_is_priced_by_those_behind_the_gateway_that_ran(operation: str) -> None:
    uses = (
        use("api-gateway", "Request", "Api", 10),
        use("api-gateway", operation, "Api", 9),
        use("lambda", "Invoke", "Orders", 2, 0.5),
        use("lambda", "Invoke", "Worker", 1, 100),  # behind a queue: its time tells nothing of what was spared
    )
    found = avoided_in(run((), uses), bare())
    each = price("lambda.requests").usd / 10**6 + Decimal("0.25") * price("lambda.duration-arm").usd
    assert kinds(found) == {operation: 9}
    assert found.usd == 9 * each
    assert found.note == BY_MEAN
    assert "2 invocations of Orders" in found.lines[0].formula


def test_a_remembered_decision_spares_an_authorizer_and_is_priced_by_it() -> None:
    uses = (use("api-gateway", "AuthorizerCacheHit", "Api", 4), use("lambda", "Invoke", "Guard", 1, 0.5))
    each = price("lambda.requests").usd / 10**6 + Decimal("0.5") * price("lambda.duration-x86").usd
    found = avoided_in(run((), uses), template())
    assert kinds(found) == {"AuthorizerCacheHit": 4}
    assert found.usd == 4 * each


def test_a_function_that_was_never_built_is_priced_by_the_least_it_would_have_cost() -> None:
    uses = (use("api-gateway", "DirectIntegration", "Api", 50), use("lambda", "Invoke", "Orders", 10, 100))
    found = avoided_in(run((), uses), bare())
    assert kinds(found) == {"DirectIntegration": 50}
    assert found.usd == 50 * price("lambda.requests").usd / 10**6
    assert found.note == BY_REQUEST


def test_calls_without_identity_spare_the_gateways_charge_as_well() -> None:
    found = avoided_in(run((), (use("api-gateway", "UnchargedRequest", "Api", 4),)), bare())
    assert kinds(found) == {"UnchargedRequest": 4, "gateway": 4}
    assert found.usd == 4 * (price("apigateway.rest-requests").usd + price("lambda.requests").usd) / 10**6
    assert found.note == BY_REQUEST


def test_without_counts_the_trace_tells_who_reached_no_function() -> None:
    events = (
        request("1-refused", 400),
        request("1-anonymous", 401),
        request("1-barred", 403),
        invocation("Guard", "1-barred", memory_mb=128),
        request("1-own-400", 400),
        invocation("Orders", "1-own-400"),
        request("1-served"),
        invocation("Orders", "1-served"),
    )
    found = avoided_in(run(events, target="aws"), template())
    assert kinds(found) == {"Refusal": 1, "UnchargedRequest": 2, "gateway": 2}


def test_without_counts_a_route_to_a_service_spares_a_function() -> None:
    found = avoided_in(run((request("1-a", 202), request("1-b", 503)), target="aws"), template(DIRECT))
    assert kinds(found) == {"DirectIntegration": 1}


def test_where_an_invocation_tells_no_trace_nothing_is_claimed() -> None:
    found = avoided_in(run((request("1-a", 400), invocation(trace=None)), target="aws"), bare())
    assert found.lines == ()
    assert found.usd == 0


def test_a_twins_further_invocations_are_priced_by_its_own_mean() -> None:
    own = bill(run((), (use("lambda", "Invoke", "Orders", 1, 0.1),)), bare())
    twin = bill(run((), (use("lambda", "Invoke", "Orders", 5, 1),)), bare())
    line = against_twin(own, twin)
    each = mean_invocation(twin)
    assert line is not None
    assert each is not None
    assert line.count == 4
    assert line.usd == 4 * each[0]
    assert against_twin(twin, own) is None


def test_a_month_spares_in_proportion() -> None:
    found = avoided_in(run((), (use("api-gateway", "CacheHit", "Api", 9),)), bare())
    month = month_avoided(found, 10, 1_000_000)
    assert month.lines[0].count == 900_000
    assert month.usd == found.usd * 100_000
    assert month_avoided(found, 0, 1_000_000).lines == ()
