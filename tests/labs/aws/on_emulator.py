"""The AWS target's own code, deploying on the embedded AWS: all of it but the account itself."""

from __future__ import annotations

from typing import Any

import boto3

from catalogue.labs.targets.aws import AwsTarget
from catalogue.labs.targets.embedded import EmbeddedTarget, _session


class AwsOnEmulator(AwsTarget):
    """As on AWS, apart from the gate, which asks about an account, and the address behind the endpoint."""

    patience = 5.0
    look_seconds = 0.0
    log_delay_ms = 1000

    def __init__(self, url: str) -> None:
        self._embedded = EmbeddedTarget(url)
        session: boto3.Session = _session(self._embedded._boot_keys, self._embedded.region)
        super().__init__(self._embedded.region, session, endpoint_url=url)

    def gate(self) -> Any:
        return None

    def upstream(self, endpoint: str) -> str:
        super().upstream(endpoint)
        return self._embedded.upstream(endpoint)
