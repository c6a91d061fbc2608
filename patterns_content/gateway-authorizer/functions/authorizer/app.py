"""The gateway's doorkeeper: turns an access token into the policy that it is worth.

Three ways out, and API Gateway answers each differently: a policy that allows (the request goes on, or
gets 403 where no statement covers it), a policy that denies (403), and the exception "Unauthorized" (401).
"""

import base64
import hashlib
import hmac
import json
import os
import time
from functools import cache
from typing import Any

import boto3

SCOPES = {"prices:read": ["GET/prices"], "quotes:write": ["POST/quotes"]}
"""What each scope opens: methods and paths as they stand in a method ARN."""

secrets = boto3.client("secretsmanager")


class Malformed(Exception):
    """Not a token of ours at all."""


class Forged(Exception):
    """Shaped like a token, but the signature is not ours."""


class Expired(Exception):
    """Ours, and past its time."""


@cache
def signing_key() -> bytes:
    """The key that signs tokens, read once for the life of this execution environment."""
    secret: str = secrets.get_secret_value(SecretId=os.environ["SIGNING_KEY"])["SecretString"]
    return secret.encode()


def decode(part: str) -> dict[str, Any]:
    """One base64url part of a token as the JSON object it holds. Raises Malformed."""
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError as error:
        raise Malformed from error
    if not isinstance(value, dict):
        raise Malformed
    return value


def verify(token: str, key: bytes, now: float) -> dict[str, Any]:
    """The claims of a token. Raises Malformed, Forged or Expired, in that order of asking."""
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise Malformed
    header, payload, signature = parts
    # The algorithm is ours to choose: a token that names another one, or "none", is not a token of ours.
    if decode(header).get("alg") != "HS256":
        raise Malformed
    digest = hmac.digest(key, f"{header}.{payload}".encode(), hashlib.sha256)
    if not hmac.compare_digest(base64.urlsafe_b64encode(digest).rstrip(b"="), signature.encode()):
        raise Forged
    claims = decode(payload)
    if claims["exp"] <= now:
        raise Expired
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
    """Every method that a token with this scope may call, not only the one it is calling now.

    API Gateway keeps the answer and applies it to the token's next requests, whatever they are for.
    """
    if os.environ["POLICY_SCOPE"] == "one-method":  # the mistake, kept here so that it can be tried
        return [method_arn]
    return [f"{stage_of(method_arn)}/{method}" for name in scope.split() for method in SCOPES.get(name, [])]


# endregion


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """A REQUEST authorizer's event -> a policy. Raises exactly "Unauthorized" for API Gateway to say 401."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    trace = headers.get("x-amzn-trace-id")
    everything = [f"{stage_of(event['methodArn'])}/*"]
    kind, _, token = headers.get("authorization", "").partition(" ")
    try:
        if kind.lower() != "bearer":
            raise Malformed
        claims = verify(token.strip(), signing_key(), time.time())
    except Forged:
        log("token.forged", trace)
        # A denial is cached like any other policy: the same forgery does not cost a second invocation.
        return policy("Deny", "unknown", everything)
    except (Malformed, Expired) as error:
        log("token.refused", trace, why=type(error).__name__.lower())
        raise Exception("Unauthorized") from None  # API Gateway goes by this very text
    log("token.accepted", trace, sub=claims["sub"], scope=claims["scope"])
    opened = resources_of(claims["scope"], event["methodArn"])
    if not opened:
        return policy("Deny", claims["sub"], everything)
    return policy("Allow", claims["sub"], opened, scope=claims["scope"])


def log(step: str, trace: str | None, **facts: Any) -> None:
    print(json.dumps({"at": time.time(), "step": step, "trace": trace, **facts}))
