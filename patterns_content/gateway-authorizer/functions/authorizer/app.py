"""The gateway's authorizer: turns an access token into a policy of what its bearer may do.

It ends in one of three ways, and API Gateway answers each differently: a policy that allows (the request goes on, or
gets 403 if no statement covers it), a policy that denies (403), and the exception "Unauthorized" (401).
"""

import base64
import hashlib
import hmac
import json
import os
import time
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

SCOPES = {"prices:read": ["GET/prices"], "quotes:write": ["POST/quotes"]}
"""What each scope permits: methods and paths as they are in a method ARN."""
LONGEST_TOKEN = 4096
KEY_SECONDS = 300
"""How long keys are kept in memory. After a rotation, a warm function may accept an old key for this long."""
PAUSE_SECONDS = 10
"""A token that names an unknown key makes the function read the keys again, but not more often than this."""

secrets = boto3.client("secretsmanager")
keys: dict[str, bytes] = {}
"""The valid keys, by the id of the secret's version."""
keys_read_at = float("-inf")


class Malformed(Exception):
    """Not one of our tokens, or one of a key that is no longer valid."""


class Forged(Exception):
    """Shaped like a token, but the signature is not ours."""


class Expired(Exception):
    """Ours, but expired."""


class Revoked(Exception):
    """Ours, but revoked."""


# region key
def key_of(kid: Any, now: float) -> bytes | None:
    """The key of this id. The secret is read again after five minutes, and when a token names a key not seen yet."""
    global keys, keys_read_at
    age = now - keys_read_at
    if age > KEY_SECONDS or (kid not in keys and age > PAUSE_SECONDS):
        try:
            keys = read_keys()
            log("keys.read", None, count=len(keys))
        except (BotoCoreError, ClientError):
            if not keys:
                raise
            log("keys.stale", None)  # Secrets Manager does not answer: go on with the keys in memory
        keys_read_at = now
    return keys.get(kid)


def read_keys() -> dict[str, bytes]:
    """The current key and, after a rotation, the previous one, so that existing tokens still work."""
    found = {}
    for stage in ("AWSCURRENT", "AWSPREVIOUS"):
        try:
            secret = secrets.get_secret_value(SecretId=os.environ["SIGNING_KEY"], VersionStage=stage)
        except secrets.exceptions.ResourceNotFoundException:
            continue
        found[secret["VersionId"]] = secret["SecretString"].encode()
    return found


# endregion


def decode(part: str) -> dict[str, Any]:
    """One base64url part of a token as the JSON object it holds. Raises Malformed."""
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, RecursionError) as error:
        raise Malformed from error
    if not isinstance(value, dict):
        raise Malformed
    return value


def verify(token: str, now: float) -> dict[str, Any]:
    """The claims of a token. Raises Malformed, Forged, Expired or Revoked, checked in that order."""
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii() or len(token) > LONGEST_TOKEN:
        raise Malformed
    header, payload, signature = parts
    named = decode(header)
    # The algorithm is ours to choose: a token that names another one, or "none", is not a token of ours.
    if named.get("alg") != "HS256":
        raise Malformed
    if not isinstance(named.get("kid"), str):
        raise Forged  # every token of ours names its key
    key = key_of(named["kid"], now)
    if key is None:
        raise Malformed  # perhaps signed with a key that is no longer valid: after a 401 a client gets a fresh token
    digest = hmac.digest(key, f"{header}.{payload}".encode(), hashlib.sha256)
    if not hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), signature.encode()):
        raise Forged
    claims = decode(payload)
    if not (isinstance(claims.get("sub"), str) and isinstance(claims.get("scope"), str)):
        raise Malformed
    if type(claims.get("exp")) not in (int, float):
        raise Malformed
    if claims["exp"] <= now:
        raise Expired
    if claims["sub"] in os.environ["REVOKED"].split(","):
        raise Revoked
    return claims


def policy(effect: str, principal: str, resources: list[str], **context: str) -> dict[str, Any]:
    """An authorizer's answer. `context` reaches the backend as requestContext.authorizer."""
    statement = {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resources}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    return {"principalId": principal, "policyDocument": document, "context": context}


def stage_of(method_arn: str) -> str:
    """`arn:…:api-id/stage` of `arn:…:api-id/stage/GET/prices`."""
    return "/".join(method_arn.split("/")[:2])


# region resources
def resources_of(scope: str, method_arn: str) -> list[str]:
    """Every method that a token with this scope may call, not only the one that it calls now.

    API Gateway caches the policy and applies it to all requests with this token.
    """
    if os.environ["POLICY_SCOPE"] == "one-method":  # the mistake, kept here so that you can try it
        return [method_arn]
    return [f"{stage_of(method_arn)}/{method}" for name in scope.split() for method in SCOPES.get(name, [])]


# endregion


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A REQUEST authorizer's event -> a policy. Raises exactly "Unauthorized" so that API Gateway answers 401."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id")
    everything = [f"{stage_of(event['methodArn'])}/*"]
    kind, _, token = headers.get("authorization", "").partition(" ")
    try:
        if kind.lower() != "bearer":
            raise Malformed
        claims = verify(token.strip(), time.time())
    except Forged:
        log("token.forged", trace)
        # A policy that denies is cached like any other: the same forgery does not cause a second invocation.
        return policy("Deny", "unknown", everything)
    except (Malformed, Expired, Revoked) as error:
        log("token.refused", trace, why=type(error).__name__.lower())
        raise Exception("Unauthorized") from None  # API Gateway answers 401 for this exact text
    log("token.accepted", trace, sub=claims["sub"], scope=claims["scope"])
    opened = resources_of(claims["scope"], event["methodArn"])
    if not opened:
        return policy("Deny", claims["sub"], everything)
    return policy("Allow", claims["sub"], opened, scope=claims["scope"])


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
