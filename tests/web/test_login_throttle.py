"""The admin's login page lets nobody try passwords without end."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from django.core.cache import cache
from django.http import HttpResponse
from django.test import Client

from catalogue.web.login_throttle import PER_CLIENT, PER_NAME

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_counts(settings: object) -> Iterator[None]:
    cache.clear()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]  # type: ignore[attr-defined]
    User.objects.create_user("ada", password="right", is_staff=True)
    yield
    cache.clear()


def attempt(password: str, name: str = "ada", address: str = "192.0.2.1", accept: str = "text/html") -> HttpResponse:
    data = {"username": name, "password": password}
    answer = Client(REMOTE_ADDR=address).post("/admin/login/?next=/admin/", data, headers={"accept": accept})
    assert isinstance(answer, HttpResponse)
    return answer


def test_after_ten_failures_a_client_has_to_wait_even_with_the_right_password() -> None:
    assert [attempt("wrong").status_code for _ in range(PER_CLIENT)] == [200] * PER_CLIENT
    for password in ("wrong", "right"):
        refused = attempt(password, accept="application/json")
        assert refused.status_code == 429
        assert refused["Retry-After"] == "900"
        assert refused["Content-Type"] == "application/problem+json"
    assert attempt("right", address="192.0.2.2").status_code == 302


def test_a_login_that_succeeds_does_not_count() -> None:
    for _ in range(PER_CLIENT + 2):
        assert attempt("right").status_code == 302


def test_a_name_has_a_limit_of_its_own_over_all_clients() -> None:
    for number in range(PER_NAME):
        assert attempt("wrong", address=f"198.51.100.{number}").status_code == 200
    assert attempt("right", name="ADA", address="203.0.113.1").status_code == 429
    assert attempt("wrong", name="bob", address="203.0.113.1").status_code == 200


def test_the_login_page_itself_can_always_be_read() -> None:
    for _ in range(PER_CLIENT + 1):
        attempt("wrong")
    assert Client(REMOTE_ADDR="192.0.2.1").get("/admin/login/").status_code == 200


def test_counts_of_many_others_do_not_push_a_count_out() -> None:
    for _ in range(PER_CLIENT):
        attempt("wrong")
    for number in range(2000):  # as attempts under other names leave them
        cache.add(f"login:name:other{number}", 0, 900)
    assert attempt("right").status_code == 429
