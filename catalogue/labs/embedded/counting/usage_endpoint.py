"""The address under which the emulator reports its counts: `POST /_catalogue/uses`, for the site alone.

Nothing resets the counts.
"""

from typing import Any

from catalogue.labs.embedded.access.guard import App
from catalogue.labs.embedded.access.site_endpoint import site_endpoint
from catalogue.labs.embedded.counting.counter import Counter

USES_PATH = "/_catalogue/uses"


def usage_endpoint(app: App, counter: Counter, secret: str) -> App:
    """Wrap the emulator's application: POST /_catalogue/uses reports the counts to anyone who knows the secret."""

    def uses(asked: Any) -> Any:
        return {"uses": counter.read([(service, name) for service, name in asked["resources"]], float(asked["since"]))}

    return site_endpoint(app, USES_PATH, secret, uses, "Send {resources: [[service, name]], since: seconds}.")
