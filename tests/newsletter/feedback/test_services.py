"""What comes of a bounce, a complaint and a delivery."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from catalogue.newsletter.delivery import queue
from catalogue.newsletter.delivery.feedback import services
from catalogue.newsletter.delivery.sending import sender
from catalogue.newsletter.models import Delivery, Feedback, Subscriber, Suppression
from catalogue.newsletter.subscribers import preferences, tokens
from catalogue.newsletter.subscribers.suppression import addresses as suppression
from tests.newsletter.feedback.messages import Signer, bounce, complaint, delivery, post
from tests.newsletter.mail.test_updates import reader, released
from tests.newsletter.support.helpers import subscribe

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("version", ["1", "2"])
@pytest.mark.parametrize("form", ["eventType", "notificationType"])
def test_a_hard_bounce_suppresses_at_once_in_both_formats(
    client: Client, signer: Signer, form: str, version: str
) -> None:
    ada = reader("ada")
    released()
    assert post(client, signer.signed(version, Message=bounce("Ada@Example.com", form=form))) == 200
    ada.refresh_from_db()
    assert ada.state == "unsubscribed"
    assert Suppression.objects.get().reason == "hard-bounce"
    assert [record.event for record in ada.consent.all()] == ["bounced"]
    assert sender.send_due().sent == 0
    assert Delivery.objects.get().state == "suppressed"


@pytest.mark.parametrize("form", ["eventType", "notificationType"])
def test_a_complaint_suppresses_at_once(client: Client, signer: Signer, form: str) -> None:
    ada = reader("ada")
    assert post(client, signer.signed(Message=complaint("ada@example.com", form))) == 200
    ada.refresh_from_db()
    assert ada.state == "unsubscribed"
    assert suppression.reason_for("ada@example.com") is Suppression.Reason.COMPLAINT


def test_not_spam_is_no_complaint(client: Client, signer: Signer) -> None:
    ada = reader("ada")
    message = complaint("ada@example.com", complaintFeedbackType="not-spam")
    assert post(client, signer.signed(Message=message)) == 200
    ada.refresh_from_db()
    assert ada.state == "confirmed"


def test_a_bounce_from_a_forwarding_address_is_known_by_the_mail(client: Client, signer: Signer) -> None:
    ada = reader("ada")
    released()
    sender.send_due()
    Delivery.objects.update(provider_id="ses-id")
    post(client, signer.signed(Message=bounce("someone@elsewhere.example")))
    ada.refresh_from_db()
    assert ada.state == "unsubscribed"


def test_a_bounce_of_someone_unknown_is_remembered(client: Client, signer: Signer) -> None:
    post(client, signer.signed(Message=bounce("nobody@example.org")))
    assert suppression.blocks("nobody@example.org")


def asked_to_move(client: Client, to: str = "new@example.org") -> Subscriber:
    """A reader whose wish for another address has been mailed there."""
    ada = reader("ada", soft_bounces=3)
    client.post(f"/newsletter/preferences/{tokens.preferences_token(ada.ref)}/address", {"email": to})
    assert sender.send_due().sent == 1
    Delivery.objects.filter(kind="move").update(provider_id="ses-id")
    return ada


@pytest.mark.parametrize("told", [bounce("New@example.org"), complaint("new@example.org")])
def test_what_a_new_address_answers_does_not_end_the_subscription_at_the_old(
    client: Client, signer: Signer, told: str
) -> None:
    ada = asked_to_move(client)
    ada.refresh_from_db()
    link = tokens.move_token(ada)
    queue.add(ada, Delivery.Kind.MOVE)
    assert post(client, signer.signed(Message=told)) == 200
    ada.refresh_from_db()
    assert (ada.state, ada.key, ada.new_address, ada.new_key) == ("confirmed", "ada@example.com", "", "")
    assert suppression.blocks("new@example.org")
    assert not suppression.blocks("ada@example.com")
    assert not ada.consent.filter(event__in=("bounced", "complained")).exists()
    assert sorted(Delivery.objects.values_list("state", flat=True)) == ["sent", "suppressed"]
    assert client.post(f"/newsletter/move/{link}").status_code == 410


def test_a_new_address_that_forwards_to_a_dead_one_is_given_up(client: Client, signer: Signer) -> None:
    ada = asked_to_move(client)
    assert post(client, signer.signed(Message=bounce("someone@elsewhere.example"))) == 200
    ada.refresh_from_db()
    assert (ada.state, ada.new_key) == ("confirmed", "")
    assert suppression.blocks("new@example.org")


def test_an_answer_to_an_earlier_wish_leaves_a_later_one(client: Client, signer: Signer) -> None:
    ada = asked_to_move(client)
    Subscriber.objects.update(new_address="later@example.org", new_key="later@example.org")
    queue.add(ada, Delivery.Kind.MOVE)
    assert post(client, signer.signed(Message=bounce("new@example.org"))) == 200
    ada.refresh_from_db()
    assert (ada.state, ada.new_key) == ("confirmed", "later@example.org")
    assert suppression.blocks("new@example.org")
    assert not suppression.blocks("later@example.org")
    assert Delivery.objects.filter(kind="move", state="queued").exists()


@pytest.mark.parametrize("told", [bounce("new@example.org", kind="Transient"), delivery("new@example.org")])
def test_a_mail_to_a_new_address_does_not_count_for_the_old(client: Client, signer: Signer, told: str) -> None:
    ada = asked_to_move(client)
    message = json.dumps(json.loads(told) | {"mail": {"messageId": "ses-id"}})
    assert post(client, signer.signed(Message=message)) == 200
    ada.refresh_from_db()
    assert (ada.soft_bounces, ada.new_key) == (3, "new@example.org")


def test_a_dead_new_address_that_is_subscribed_by_itself_is_suppressed_there(client: Client, signer: Signer) -> None:
    bob = reader("bob")
    ada = asked_to_move(client, "bob@example.com")
    assert post(client, signer.signed(Message=bounce("bob@example.com"))) == 200
    ada.refresh_from_db()
    bob.refresh_from_db()
    assert (ada.state, ada.new_key, bob.state) == ("confirmed", "", "unsubscribed")


def test_soft_bounces_count_until_a_delivery(client: Client, signer: Signer) -> None:
    assert services.SOFT_BOUNCES_ALLOWED == 5, "docs/newsletter.md says so"
    ada = reader("ada")
    number = 0

    def tell(message: str) -> None:
        nonlocal number
        number += 1
        assert post(client, signer.signed(MessageId=f"id-{number}", Message=message)) == 200

    soft = bounce("ada@example.com", kind="Transient")
    for _ in range(services.SOFT_BOUNCES_ALLOWED - 1):
        tell(soft)
    tell(delivery("ada@example.com"))
    ada.refresh_from_db()
    assert (ada.soft_bounces, ada.state) == (0, "confirmed")
    for _ in range(services.SOFT_BOUNCES_ALLOWED):
        tell(soft)
    ada.refresh_from_db()
    assert ada.state == "unsubscribed"
    assert Suppression.objects.get().reason == "soft-bounces"


def test_a_message_delivered_twice_acts_once(client: Client, signer: Signer) -> None:
    ada = reader("ada")
    message = signer.signed(Message=bounce("ada@example.com", kind="Transient"))
    assert [post(client, message) for _ in range(3)] == [200, 200, 200]
    ada.refresh_from_db()
    assert ada.soft_bounces == 1
    assert Feedback.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_message_delivered_at_the_same_moment_by_many_acts_once(signer: Signer) -> None:
    ada = reader("ada")
    message = signer.signed(Message=bounce("ada@example.com", kind="Transient"))

    def deliver(_: int) -> int:
        try:
            return post(Client(), message)
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(deliver, range(24))) == [200] * 24
    ada.refresh_from_db()
    assert ada.soft_bounces == 1
    assert Feedback.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_soft_bounces_reported_at_the_same_moment_are_all_counted(signer: Signer) -> None:
    reader("ada")
    messages = [
        signer.signed(MessageId=f"soft-{number}", Message=bounce("ada@example.com", kind="Transient"))
        for number in range(services.SOFT_BOUNCES_ALLOWED)
    ]

    def deliver(message: dict[str, Any]) -> int:
        try:
            return post(Client(), message)
        finally:
            connection.close()

    with ThreadPoolExecutor(len(messages)) as pool:
        assert list(pool.map(deliver, messages)) == [200] * len(messages)
    assert Suppression.objects.get().reason == "soft-bounces"


def test_an_event_without_consequence_is_taken(client: Client, signer: Signer) -> None:
    told = json.dumps({"eventType": "Open", "mail": {"messageId": "x"}})
    assert post(client, signer.signed(Message=told)) == 200


def test_a_complaint_outlives_an_erasure(client: Client, signer: Signer) -> None:
    ada = reader("ada")
    preferences.erase(ada)
    assert not suppression.blocks("ada@example.com")
    post(client, signer.signed(Message=complaint("ada@example.com")))
    assert suppression.blocks("ada@example.com")
    suppression.remember("ada@example.com", Suppression.Reason.ERASED)
    assert suppression.blocks("ada@example.com")


def test_what_no_database_keeps_is_taken_out_of_a_servers_words(client: Client, signer: Signer) -> None:
    told = bounce("ada@example.com").replace("unknown", "unknown\\u0000 \\ud800")
    assert post(client, signer.signed(Message=told)) == 200
    assert Suppression.objects.get().detail == "smtp; 550 5.1.1 unknown ?"


def test_a_subscriber_who_asks_again_after_a_bounce_gets_no_mail(client: Client, signer: Signer) -> None:
    post(client, signer.signed(Message=bounce("ada@example.com")))
    subscribe(client, "ada@example.com")
    assert not Delivery.objects.exists()
