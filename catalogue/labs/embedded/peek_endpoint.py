"""The address under which the emulator shows what a resource holds: `POST /_catalogue/peek`, for the site alone."""

from typing import Any

from catalogue.labs.embedded.access.guard import App
from catalogue.labs.embedded.access.site_endpoint import site_endpoint
from catalogue.labs.services.registry import lab_services

PEEK_PATH = "/_catalogue/peek"


def peek_endpoint(app: App, secret: str) -> App:
    """Wrap the emulator's application: POST {service, resource}, a key and a physical id, returns {held: […]}.

    `held` is null if there is no such resource.
    """

    def peek(asked: Any) -> Any:
        return {"held": lab_services().peeks[asked["service"]](str(asked["resource"]))}

    return site_endpoint(app, PEEK_PATH, secret, peek, "Send {service, resource} of a service that can be looked into.")
