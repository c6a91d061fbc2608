"""/healthz says whether this process can serve."""

import pytest
from django.db import connection
from django.test import Client


@pytest.mark.django_db
def test_it_is_ok_while_the_database_answers(client: Client) -> None:
    response = client.get("/healthz")

    assert response.json() == {"status": "ok", "database": "ok"}
    assert "no-store" in response["Cache-Control"]
    assert client.head("/healthz").status_code == 200
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_it_is_a_503_while_the_database_does_not_answer(client: Client) -> None:
    def refuse(*_: object) -> None:
        from django.db import OperationalError

        raise OperationalError("the disk is gone")

    with connection.execute_wrapper(refuse):
        response = client.get("/healthz", headers={"accept": "application/json"})

    assert response.status_code == 503
    assert response["Content-Type"] == "application/problem+json"
    assert response["Retry-After"] == "5"
    assert b"disk" not in response.content
