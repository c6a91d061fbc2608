"""The twin's token check: one shared module, as a layer or a package would give it to every function.

It is as good as the authorizer's check. The difference is the place: it runs in every function, and every function
has the key.
"""

import base64
import hashlib
import hmac
import json
import os
import time
from typing import Any

import boto3

LONGEST_TOKEN = 4096
KEY_SECONDS = 300

secrets = boto3.client("secretsmanager")
_keys: dict[str, bytes] = {}
_read_at = float("-inf")


class Refused(Exception):
    """The answer to give instead of the function's own: its status and its title."""


def caller(event: dict[str, Any], scope: str) -> dict[str, Any]:
    """The claims of the caller's token, which must have the scope. Raises Refused."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    claims = verify(headers.get("authorization", ""))
    if claims is None:
        log("token.refused", event)
        raise Refused(401, "Send a valid access token")
    if scope not in claims["scope"].split():
        log("token.refused", event, sub=claims["sub"])
        raise Refused(403, "This token may not do that")
    return claims


def verify(authorization: str) -> dict[str, Any] | None:
    """The claims of a bearer token, or None where it is missing, malformed, forged or expired."""
    kind, _, token = authorization.partition(" ")
    if kind.lower() != "bearer" or not token.isascii() or len(token) > LONGEST_TOKEN:
        return None
    try:
        header, payload, signature = token.strip().split(".")
        named = decode(header)
        key = key_of(named["kid"]) if named["alg"] == "HS256" else None
        if key is None:
            return None
        digest = hmac.digest(key, f"{header}.{payload}".encode(), hashlib.sha256)
        if not hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), signature.encode()):
            return None
        claims = decode(payload)
        return claims if claims["exp"] > time.time() else None
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def decode(part: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return value


def key_of(kid: str) -> bytes | None:
    """The key of this id, from memory or, every five minutes, from Secrets Manager."""
    global _keys, _read_at
    if time.time() - _read_at > KEY_SECONDS:
        secret = secrets.get_secret_value(SecretId=os.environ["SIGNING_KEY"])
        _keys, _read_at = {secret["VersionId"]: secret["SecretString"].encode()}, time.time()
        print(json.dumps({"at": time.time(), "step": "keys.read"}))
    return _keys.get(kid)


def log(step: str, event: dict[str, Any], **facts: Any) -> None:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    print(json.dumps({"at": time.time(), "step": step, "trace": headers.get("x-amzn-trace-id"), **facts}))


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    return {"statusCode": status, "headers": {"Content-Type": "application/json"}, "body": json.dumps(body)}
