"""A strict client and a lab of its own."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client


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
