"""A stand-in for an identity provider: signs an access token for any caller, with any subject and scopes.

A real provider authenticates the caller. This one exists so that you can try the stack without one.
"""

import base64
import hashlib
import hmac
import json
import os
import re
import time
import uuid
from typing import Any

import boto3

NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
"""A subject becomes the principal of a policy and a header of log lines: nothing in it needs an escape."""
KNOWN_SCOPES = ("prices:read", "quotes:write")
LONGEST_LIFE = 3600
KEY_SECONDS = 300

secrets = boto3.client("secretsmanager")


_kept: tuple[float, str, bytes] = (float("-inf"), "", b"")


def signing_key() -> tuple[str, bytes]:
    """The id and the value of the key that signs tokens, read again every five minutes: it may be rotated."""
    global _kept
    read_at, _, _ = _kept
    if time.time() - read_at > KEY_SECONDS:
        secret = secrets.get_secret_value(SecretId=os.environ["SIGNING_KEY"])
        _kept = (time.time(), secret["VersionId"], secret["SecretString"].encode())
    return _kept[1:]


def encode(part: bytes) -> str:
    """Base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(part).rstrip(b"=").decode()


def sign(claims: dict[str, Any], kid: str, key: bytes) -> str:
    """A JSON Web Token (RFC 7519) over `claims`, signed with HMAC-SHA256. Its header names the key."""
    header = encode(json.dumps({"alg": "HS256", "typ": "JWT", "kid": kid}).encode())
    payload = encode(json.dumps(claims).encode())
    signature = hmac.digest(key, f"{header}.{payload}".encode(), hashlib.sha256)
    return f"{header}.{payload}.{encode(signature)}"


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """POST /tokens {"sub", "scopes", "expires_in"} -> 200 {"access_token", "token_type", "expires_in"}."""
    try:
        asked = json.loads(event.get("body") or "")
        subject, scopes, life = asked["sub"], asked["scopes"], asked["expires_in"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return answer(400, {"title": "Send a JSON object with sub, scopes and expires_in"})
    if not isinstance(subject, str) or not NAME.fullmatch(subject):
        return answer(400, {"title": "sub must be 1 to 64 letters, digits, dots, dashes or underscores"})
    if not isinstance(scopes, list) or not all(scope in KNOWN_SCOPES for scope in scopes):
        return answer(400, {"title": f"scopes must be a list of {', '.join(KNOWN_SCOPES)}"})
    if type(life) is not int or not 1 <= life <= LONGEST_LIFE:
        return answer(400, {"title": f"expires_in must be 1 to {LONGEST_LIFE} seconds"})

    now, scope = int(time.time()), " ".join(scopes)
    claims = {"sub": subject, "scope": scope, "iat": now, "exp": now + life, "jti": str(uuid.uuid4())}
    token = sign(claims, *signing_key())
    log("token.minted", event, sub=subject, scope=scope, life=life)
    return answer(200, {"access_token": token, "token_type": "Bearer", "expires_in": life})


def answer(status: int, body: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json", "Cache-Control": "no-store"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(body)}


def log(step: str, event: dict[str, Any], **facts: Any) -> None:
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    print(json.dumps({"at": time.time(), "step": step, "trace": headers.get("x-amzn-trace-id"), **facts}))
