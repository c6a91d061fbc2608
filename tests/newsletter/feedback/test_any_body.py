"""Whatever the webhook is sent: never a fault of the site's."""

import json
from typing import Any

import hypothesis
import pytest
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from tests.newsletter.feedback.messages import Signer, bounce, post

pytestmark = pytest.mark.django_db

ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["é", "\ud800", "\0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text() | st.sampled_from(["eventType", "bounce", "mail", "complaint"]), inner, max_size=4)
    ),
    max_leaves=12,
)
FIELDS = ("Type", "MessageId", "TopicArn", "Message", "Timestamp", "Subject", "Token", "SubscribeURL")
PROOFS = ("SignatureVersion", "Signature", "SigningCertURL")
unhurried = hypothesis.settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@given(body=ANYTHING)
@unhurried
def test_no_body_is_the_sites_fault(client: Client, body: Any) -> None:
    assert post(client, json.dumps(body)) == 400
    assert post(client, str(body).encode("utf-8", "surrogatepass")) == 400


@given(changed=st.dictionaries(st.sampled_from([*FIELDS, *PROOFS]), ANYTHING, min_size=1, max_size=4))
@unhurried
def test_no_forged_envelope_is_the_sites_fault(client: Client, signer: Signer, changed: dict[str, Any]) -> None:
    assert post(client, signer.signed() | changed) in (400, 403)


@given(name=st.sampled_from(["MessageId", "Timestamp", "Subject", "Message"]), text=st.text() | st.just("\ud800\0"))
@unhurried
def test_no_signed_envelope_is_the_sites_fault(client: Client, signer: Signer, name: str, text: str) -> None:
    message: dict[str, Any] = {"Message": bounce("ada@example.com", kind="Transient"), name: text}
    assert post(client, signer.signed(**message)) in (200, 400)


TOLD = {
    "Bounce": ("bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complainedRecipients"),
    "Delivery": ("delivery", "recipients"),
    "Open": ("open", "ipAddress"),
}


@given(
    kind=st.sampled_from(sorted(TOLD)),
    form=st.sampled_from(["eventType", "notificationType"]),
    about=ANYTHING,
    within=st.none() | st.sampled_from(["whole", "list", "one", "mail", "said"]),
)
@unhurried
def test_no_event_is_the_sites_fault(
    client: Client, signer: Signer, kind: str, form: str, about: Any, within: str | None
) -> None:
    part, entries = TOLD[kind]
    one: Any = {"emailAddress": "ada@example.com", "diagnosticCode": about if within == "said" else "no"}
    listed: Any = [about] if within == "one" else about if within == "list" else [one]
    told = {form: kind, "mail": {"messageId": about if within == "mail" else "x"}}
    told[part] = about if within == "whole" else {"bounceType": "Permanent", entries: listed}
    assert post(client, signer.signed(Message=json.dumps(told))) in (200, 400)
    if isinstance(about, dict):
        assert post(client, signer.signed(Message=json.dumps(told | about))) in (200, 400)
