"""A strict client and a lab of its own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client

from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle import services
from catalogue.labs.models import Lab, Status


@pytest.fixture
def visitor() -> Client:
    """A client as strict as a browser meets it."""
    return Client(enforce_csrf_checks=True)


@pytest.fixture
def made(visitor: Client) -> Iterator[dict[str, Any]]:
    response = visitor.post("/labs/", json.dumps({"pattern": "postbox"}), content_type="application/json")
    assert response.status_code == 201, response.content
    lab = json.loads(response.content)
    yield lab
    visitor.delete(f"/labs/{lab['id']}")


@pytest.fixture
def ready(visitor: Client, emulator: Emulator, transactional_db: None, content: object) -> Iterator[str]:
    """The id of the visitor's ready lab of the postbox."""
    answer = visitor.post("/labs/", json.dumps({"pattern": "postbox"}), content_type="application/json")
    assert answer.status_code == 201, answer.content
    lab: str = json.loads(answer.content)["id"]
    assert services.wait_until_deployed(Lab.objects.get(pk=lab), 60).status == Status.READY
    yield lab
    visitor.delete(f"/labs/{lab}")
