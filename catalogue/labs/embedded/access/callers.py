"""Who may call the emulator: the site with its keys of this boot, and each function with those of its own role.

The emulator takes `test`, any account number and an unsigned request to S3 for the account's root, checks no
signature of theirs, and makes a role's keys from names that can be guessed. Here the site's key is checked like any
other, roles' keys are made from a secret, and a request without a signature gets from S3 what a bucket policy grants.
"""

import hmac
import secrets
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from catalogue.labs.embedded.access.boot_keys import BootKeys

ACCOUNT = "000000000000"

_without_keys: ContextVar[bool] = ContextVar("without_keys", default=False)
"""Whether the request under way asks S3 for something and is not signed."""

_form: ContextVar[bool] = ContextVar("form", default=False)
"""Whether it is a form: its signature is one of the fields, and S3 checks it together with the form's policy."""


def install(site: BootKeys) -> None:
    """Patch the imported emulator."""
    _only_the_site_is_root(site)
    _roles_have_keys_of_their_own()
    _unsigned_has_no_principal()


def _only_the_site_is_root(site: BootKeys) -> None:
    from ministack.core import iam_evaluator
    from ministack.services import sts

    def is_root(access_key_id: str) -> bool:
        return not access_key_id  # what the emulator does for itself; `enforce` refuses an unsigned request

    iam_evaluator.is_root_access_key = is_root
    sts.is_root_access_key = is_root
    sts.register_session(
        site.access_key,
        {
            "Arn": f"arn:aws:iam::{ACCOUNT}:root",
            "UserId": ACCOUNT,
            "AccountId": ACCOUNT,
            "PrincipalType": "Root",
            "SecretAccessKey": site.secret_key,
            "SessionToken": None,
        },
    )


def _roles_have_keys_of_their_own() -> None:
    from ministack.core import lambda_runtime
    from ministack.services import lambda_svc, sts

    secret = secrets.token_bytes(32)

    def credentials(config: dict[str, Any]) -> dict[str, str]:
        role, function = str(config.get("Role", "")), str(config.get("FunctionArn", ""))
        account = function.split(":")[4]

        def made(what: str) -> str:
            return hmac.digest(secret, f"{what} {function} {role}".encode(), "sha256").hex()

        keys = {
            "AWS_ACCESS_KEY_ID": "ASIA" + made("access key")[:16].upper(),
            "AWS_SECRET_ACCESS_KEY": made("secret key"),
            "AWS_SESSION_TOKEN": made("session token"),
        }
        name, session = role.rsplit("/", 1)[-1], str(config.get("FunctionName", "function"))[:64]
        sts.register_session(
            keys["AWS_ACCESS_KEY_ID"],
            {
                "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
                "UserId": f"{name}:{session}",
                "SecretAccessKey": keys["AWS_SECRET_ACCESS_KEY"],
                "SessionToken": keys["AWS_SESSION_TOKEN"],
            },
        )
        return keys

    lambda_runtime.execution_credentials = credentials
    if hasattr(lambda_svc, "execution_credentials"):
        lambda_svc.execution_credentials = credentials


def _unsigned_has_no_principal() -> None:
    from ministack import app
    from ministack.core import iam_evaluator

    pin: Callable[..., None] = iam_evaluator.pin_signed_request
    enforce: Callable[..., Any] = iam_evaluator.enforce
    resolve: Callable[..., Any] = iam_evaluator.resolve_principal

    def pin_and_look(
        method: str, raw_path: str, query_params: dict[str, Any], raw_headers: list[tuple[bytes, bytes]], **more: Any
    ) -> None:
        kind = next((value for name, value in raw_headers if name.lower() == b"content-type"), b"")
        _form.set(method == "POST" and kind.lower().startswith(b"multipart/form-data"))
        pin(method, raw_path, query_params, raw_headers, **more)

    def enforce_unsigned(access_key_id: str, iam_action: str, service: str, *args: Any, **kwargs: Any) -> Any:
        token = _without_keys.set(service == "s3" and not access_key_id and not _form.get())
        try:
            return enforce(access_key_id, iam_action, service, *args, **kwargs)
        finally:
            _without_keys.reset(token)

    def resolve_principal(access_key_id: str, account_id: str, credential: Any = None) -> Any:
        if not access_key_id and _without_keys.get():
            return iam_evaluator.PrincipalInfo(
                arn="anonymous", type="Anonymous", account=account_id, policies=[], keys={}, limits=[]
            )
        return resolve(access_key_id, account_id, credential)

    iam_evaluator.pin_signed_request = app.pin_signed_request = pin_and_look
    iam_evaluator.enforce = enforce_unsigned
    iam_evaluator.resolve_principal = resolve_principal
