"""A stand-in for an identity provider: signs an access token for whoever asks, with whatever they ask for.

A real provider knows who is asking. This one exists so that the stack can be tried without one.
"""

import base64
import hashlib
import hmac
import json
import os
import time
import uuid
from functools import cache
from typing import Any

import boto3

KNOWN_SCOPES = ("prices:read", "quotes:write")
LONGEST_LIFE = 3600

secrets = boto3.client("secretsmanager")


@cache
def signing_key() -> bytes:
    """The key that signs tokens, read once for the life of this execution environment."""
    secret: str = secrets.get_secret_value(SecretId=os.environ["SIGNING_KEY"])["SecretString"]
    return secret.encode()


def encode(part: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def sign(claims: dict[str, Any], key: bytes) -> str:
    """A JSON Web Token (RFC 7519) over `claims`, signed with HMAC-SHA256."""
    header = encode(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    payload = encode(json.dumps(claims).encode())
    signature = hmac.digest(key, f"{header}.{payload}".encode(), hashlib.sha256)
    return f"{header}.{payload}.{encode(signature)}"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """POST /tokens {"sub", "scopes", "expires_in"} -> 200 {"access_token", "token_type", "expires_in"}."""
    try:
        wish = json.loads(event.get("body") or "")
        subject, scopes, life = wish["sub"], wish["scopes"], wish["expires_in"]
    except (ValueError, TypeError, KeyError):
        return answer(400, {"title": "Send a JSON object with sub, scopes and expires_in"})
    if not isinstance(subject, str) or not 1 <= len(subject) <= 64:
        return answer(400, {"title": "sub must be a name of 1 to 64 characters"})
    if not isinstance(scopes, list) or not all(scope in KNOWN_SCOPES for scope in scopes):
        return answer(400, {"title": f"scopes must be a list of {', '.join(KNOWN_SCOPES)}"})
    if type(life) is not int or not 1 <= life <= LONGEST_LIFE:
        return answer(400, {"title": f"expires_in must be 1 to {LONGEST_LIFE} seconds"})

    now, scope = int(time.time()), " ".join(scopes)
    claims = {"sub": subject, "scope": scope, "iat": now, "exp": now + life, "jti": str(uuid.uuid4())}
    token = sign(claims, signing_key())
    log("token.minted", event, sub=subject, scope=scope, life=life)
    return answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": life})


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def log(step: str, event: dict[str, Any], **facts: Any) -> None:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    print(json.dumps({"at": time.time(), "step": step, "trace": headers.get("x-amzn-trace-id"), **facts}))
