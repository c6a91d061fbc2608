"""The site's own AWS keys on an emulator: made for each boot, and known only to the site and the emulator.

Both sides compute them from a secret that they share and from the boot's id, which anyone may read. So nothing is
sent, stored or configured, and it works the same for an emulator on another machine that was started with the same
secret. A handler can read the boot's id but not the secret.
"""

import hmac
import json
import urllib.request
from base64 import b32encode
from typing import NamedTuple

from catalogue.labs.embedded.access.guard import BOOT_PATH, WORK_COMES
from catalogue.labs.embedded.access.site_endpoint import site_secret


class BootKeys(NamedTuple):
    access_key: str
    """20 characters, in AWS's own form: AKIA and letters and digits."""
    secret_key: str


def keys_of_boot(secret: str, boot_id: str) -> BootKeys:
    """The site's keys on the emulator that runs as this boot."""
    access = hmac.digest(secret.encode(), f"access key of {boot_id}".encode(), "sha256")
    own = hmac.digest(secret.encode(), f"secret key of {boot_id}".encode(), "sha256")
    return BootKeys("AKIA" + b32encode(access).decode()[:16], own.hex())


def boot_at(endpoint: str, timeout: float = 2, *, work_comes: bool = False) -> str:
    """The id of the boot that answers at this address. Raises OSError, ValueError or KeyError.

    With `work_comes` the emulator does not start again in the next seconds, or refuses because it is about to.
    """
    address = endpoint.rstrip("/") + BOOT_PATH + (f"?{WORK_COMES}" if work_comes else "")
    with urllib.request.urlopen(address, timeout=timeout) as answer:  # noqa: S310
        return str(json.load(answer)["boot_id"])


def credentials_for(endpoint: str, secret_key: str | None = None) -> BootKeys:
    """The site's keys at this address now; another boot has others. Raises OSError, ValueError or KeyError.

    `secret_key` is that of the site which the emulator belongs to (default: this process's own).
    """
    return keys_of_boot(site_secret(secret_key), boot_at(endpoint))
