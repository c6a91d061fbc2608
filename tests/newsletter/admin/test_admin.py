import pytest
from django.test import Client

from catalogue.newsletter.models import Delivery, Subscriber, Topic
from tests.newsletter.mail.test_updates import new_update, reader, released
from tests.newsletter.support.helpers import confirmed

pytestmark = pytest.mark.django_db


def test_the_admin_shows_and_edits_nothing(client: Client, admin_client: Client) -> None:
    pk = confirmed(client).pk
    page = admin_client.get("/admin/newsletter/subscriber/?q=ada").content.decode()
    assert "ada@example.com" in page
    detail = admin_client.get(f"/admin/newsletter/subscriber/{pk}/change/").content.decode()
    assert "confirmed by button" in detail
    assert "1: One e-mail when a new pattern appears" in detail
    assert 'name="_save"' not in detail
    assert "100, 200, 300" in detail, "levels are no bits here"
    deliveries = admin_client.get("/admin/newsletter/delivery/").content.decode()
    assert all(word in deliveries for word in ("ada@example.com", "confirmation", "sent"))
    assert "Serverless Patterns" in deliveries
    assert "Django administration" not in deliveries
    delivery = Delivery.objects.get().pk
    assert admin_client.get(f"/admin/newsletter/delivery/{delivery}/change/").status_code == 200
    assert admin_client.get("/admin/newsletter/subscriber/add/").status_code == 403
    assert admin_client.post(f"/admin/newsletter/subscriber/{pk}/delete/", {"post": "yes"}).status_code == 403
    assert Subscriber.objects.exists()


def test_services_stand_in_words(admin_client: Client) -> None:
    ada = reader("ada")
    Topic.objects.create(subscriber=ada, service="sqs")
    Topic.objects.create(subscriber=ada, service="no-such")
    assert "Amazon SQS, no-such" in admin_client.get(f"/admin/newsletter/subscriber/{ada.pk}/change/").content.decode()
    update = new_update()
    page = admin_client.get(f"/admin/newsletter/update/{update.pk}/change/").content.decode()
    assert "Amazon SQS" in page
    assert "[&quot;" not in page


def test_a_long_answer_is_cut_in_the_list_and_whole_on_its_page(admin_client: Client) -> None:
    reader("ada")
    released()
    said = "550 " + "no such mailbox " * 20 + "the end"
    Delivery.objects.update(error=said)
    assert "the end" not in admin_client.get("/admin/newsletter/delivery/").content.decode()
    whole = admin_client.get(f"/admin/newsletter/delivery/{Delivery.objects.get().pk}/change/").content.decode()
    assert "the end" in whole
