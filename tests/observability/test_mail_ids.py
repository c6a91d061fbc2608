"""The id of the request that queued a mail stays with it until it has left."""

import logging

import pytest
from django.test import Client

from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.models import Delivery
from catalogue.observability.logs.formats import WithContext
from catalogue.observability.requests.request_context import RequestContext, bound
from tests.newsletter.support.helpers import subscribe

pytestmark = pytest.mark.django_db


def test_a_confirmations_row_and_log_line_carry_the_request_that_queued_it(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with bound(RequestContext("request-one")):
        subscribe(client, "ada@example.com")
    with bound(RequestContext("request-two")):
        subscribe(client, "bob@example.com")
    assert list(Delivery.objects.order_by("pk").values_list("request_id", flat=True)) == ["request-one", "request-two"]
    caplog.handler.addFilter(WithContext())
    with caplog.at_level(logging.INFO, "catalogue.newsletter"):
        assert sender.send_due().sent == 2
    lines = [record for record in caplog.records if record.name == "catalogue.newsletter.delivery.sending.connections"]
    assert [record.__dict__["request_id"] for record in lines] == ["request-one", "request-two"]
    assert all("sent" in record.getMessage() for record in lines)
    assert "example.com" not in caplog.text
