import pytest
from django.test import Client

from catalogue.newsletter.models import Delivery, Subscriber
from tests.newsletter.helpers import confirmed

pytestmark = pytest.mark.django_db


def test_the_admin_shows_and_edits_nothing(client: Client, admin_client: Client) -> None:
    pk = confirmed(client).pk
    page = admin_client.get("/admin/newsletter/subscriber/?q=ada").content.decode()
    assert "ada@example.com" in page
    detail = admin_client.get(f"/admin/newsletter/subscriber/{pk}/change/").content.decode()
    assert "confirmed by button" in detail
    assert "1: One e-mail when a new pattern appears" in detail
    assert 'name="_save"' not in detail
    assert admin_client.get("/admin/newsletter/delivery/").status_code == 200
    delivery = Delivery.objects.get().pk
    assert admin_client.get(f"/admin/newsletter/delivery/{delivery}/change/").status_code == 200
    assert admin_client.get("/admin/newsletter/subscriber/add/").status_code == 403
    assert admin_client.post(f"/admin/newsletter/subscriber/{pk}/delete/", {"post": "yes"}).status_code == 403
    assert Subscriber.objects.exists()
