"""The keys that a delivery may be signed with, from Secrets Manager and kept for some minutes."""

import os
import time

import boto3
from botocore.exceptions import BotoCoreError, ClientError

KEPT_SECONDS = 300

secrets = boto3.client("secretsmanager")
_keys: list[bytes] = []
_read_at = float("-inf")


def keys() -> list[bytes]:
    """The current key and, after a rotation, the previous one. Old keys go on if Secrets Manager does not answer."""
    global _keys, _read_at
    if time.monotonic() - _read_at > KEPT_SECONDS:
        try:
            _keys = _read()
        except (BotoCoreError, ClientError):
            if not _keys:
                raise
        _read_at = time.monotonic()
    return _keys


def _read() -> list[bytes]:
    found = []
    for stage in ("AWSCURRENT", "AWSPREVIOUS"):
        try:
            secret = secrets.get_secret_value(SecretId=os.environ["SIGNING_SECRET"], VersionStage=stage)
        except secrets.exceptions.ResourceNotFoundException:
            continue
        found.append(secret["SecretString"].encode())
    return found
