"""The site's credentials on AWS: a role of the labs' account, assumed by STS and renewed before it ends."""

from __future__ import annotations

import re
from typing import Any

import boto3
import botocore.session
from botocore.config import Config
from botocore.credentials import DeferredRefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, CredentialRetrievalError
from django.conf import settings

from catalogue.labs.aws.site import SITE_TAG, site_id

SESSION_SECONDS = 3600
"""The longest that STS gives to a role that was assumed by another role.
https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_terms-and-concepts.html#iam-term-role-chaining
"""
_NOT_IN_A_NAME = re.compile(r"[^\w+=,.@-]")


def lab_session(region: str, endpoint_url: str | None = None) -> boto3.Session:
    """A session with LABS_ASSUME_ROLE_ARN's credentials, or with those of boto3's usual chain if it is empty.

    The role is assumed at the first call, and again some minutes before the credentials end. What fails then is a
    CredentialRetrievalError, which is a BotoCoreError.
    """
    if not settings.LABS_ASSUME_ROLE_ARN:
        return boto3.Session(region_name=region)
    own = boto3.Session(region_name=region)
    sts = own.client(
        "sts",
        endpoint_url=endpoint_url,
        config=Config(connect_timeout=3, read_timeout=10, retries={"mode": "standard", "total_max_attempts": 3}),
    )
    assumed: Any = botocore.session.Session()
    # botocore has no public way to give a session credentials that renew themselves; boto3's own documentation and
    # AWS's samples set this attribute.
    assumed._credentials = DeferredRefreshableCredentials(lambda: _assume(sts), "assume-role")
    return boto3.Session(botocore_session=assumed, region_name=region)


def assume_arguments() -> dict[str, Any]:
    """The arguments of AssumeRole. The session's tag lets the account's policies and CloudTrail tell sites apart."""
    arguments: dict[str, Any] = {
        "RoleArn": settings.LABS_ASSUME_ROLE_ARN,
        "RoleSessionName": _NOT_IN_A_NAME.sub("-", f"labs-{site_id()}")[:64],
        "DurationSeconds": SESSION_SECONDS,
        "Tags": [{"Key": SITE_TAG, "Value": site_id()[:256]}],
    }
    if settings.LABS_EXTERNAL_ID:
        arguments["ExternalId"] = settings.LABS_EXTERNAL_ID
    return arguments


def _assume(sts: Any) -> dict[str, str]:
    """Credentials in botocore's form. Raises CredentialRetrievalError."""
    try:
        found = sts.assume_role(**assume_arguments())["Credentials"]
    except (BotoCoreError, ClientError) as error:
        raise CredentialRetrievalError(provider="assume-role", error_msg=str(error)) from error
    return {
        "access_key": found["AccessKeyId"],
        "secret_key": found["SecretAccessKey"],
        "token": found["SessionToken"],
        "expiry_time": found["Expiration"].isoformat(),
    }
