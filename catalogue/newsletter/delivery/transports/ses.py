"""Mail by Amazon SES (API v2, raw MIME): https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html

SES replaces the Message-ID by one of its own; the id that it answers is kept with the delivery, and its bounces and
complaints name it.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError
from django.conf import settings

from catalogue.newsletter.delivery.sending.outcomes import WITHDRAWN, Outcome, Result
from catalogue.newsletter.delivery.transports.base import Clearance, Envelope, Unreachable

_TIMEOUT = 10
# https://docs.aws.amazon.com/ses/latest/APIReference-V2/API_SendEmail.html#API_SendEmail_Errors
_SLOW_DOWN = {"TooManyRequestsException", "LimitExceededException", "Throttling", "ThrottlingException"}
# The operator has to fix everything else (keys, rights, an account on hold). It affects all readers, so it is retried.
_THIS_MAIL = {"MessageRejected", "BadRequestException"}
_NOT_VERIFIED = "not verified"
"""SES also calls it MessageRejected if the sender's identity is not verified, or the account still in the sandbox:
https://docs.aws.amazon.com/ses/latest/dg/troubleshoot-error-messages.html"""


class SesTransport:
    def __init__(self) -> None:
        self.connections: int = settings.NEWSLETTER_CONNECTIONS

    def connect(self) -> "SesConnection":
        try:
            return SesConnection(ses_client())
        except BotoCoreError as error:
            raise Unreachable(str(error)) from error


def ses_client() -> Any:
    """The SES client of the settings, made once; safe to use from many threads. Credentials come by boto3's chain."""
    return _client(settings.SES_REGION, settings.SES_ENDPOINT, settings.NEWSLETTER_CONNECTIONS)


@lru_cache(maxsize=4)
def _client(region: str, endpoint: str, connections: int) -> Any:
    # No retries: a request whose answer is lost may have been a mail, and what then is ours to decide.
    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=_TIMEOUT,
        read_timeout=_TIMEOUT,
        max_pool_connections=max(10, connections),
    )
    return boto3.client("sesv2", region_name=region, endpoint_url=endpoint or None, config=config)


class SesConnection:
    def __init__(self, client: Any) -> None:
        self._client = client

    def send(self, envelope: Envelope, ask: Callable[[], Clearance], meanwhile: Callable[[], None]) -> Result:
        arguments: dict[str, Any] = {
            "FromEmailAddress": envelope.sender,
            "Destination": {"ToAddresses": [envelope.recipient]},
            "Content": {"Raw": {"Data": envelope.content}},
        }
        if settings.SES_CONFIGURATION_SET:
            arguments["ConfigurationSetName"] = settings.SES_CONFIGURATION_SET
        if not ask()():
            return WITHDRAWN
        try:
            answer = self._client.send_email(**arguments)
        except ClientError as error:
            return _of_error(error)
        except (ConnectionClosedError, ReadTimeoutError) as error:
            return Result(Outcome.IN_DOUBT, str(error))
        except BotoCoreError as error:
            return Result(Outcome.CONNECTION, str(error))
        return Result(Outcome.SENT, provider_id=str(answer["MessageId"]))

    def close(self) -> None:
        pass


def _of_error(error: ClientError) -> Result:
    code = str(error.response.get("Error", {}).get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    detail = f"{code}: {error.response.get('Error', {}).get('Message', '')}"[:1000]
    if code in _SLOW_DOWN or status == 429:
        return Result(Outcome.THROTTLED, detail)
    final = code in _THIS_MAIL and status < 500 and _NOT_VERIFIED not in detail
    return Result(Outcome.PERMANENT if final else Outcome.TEMPORARY, detail)
