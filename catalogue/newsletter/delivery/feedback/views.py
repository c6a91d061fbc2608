"""The webhook that an SNS topic is subscribed to. It believes one topic only, and only what SNS has signed."""

import logging

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from catalogue.newsletter.delivery.feedback import events, services
from catalogue.web.errors import Problem

log = logging.getLogger(__name__)
MOST_BYTES = 300_000
"""SNS's messages have at most 256 KB."""


@csrf_exempt
@require_POST
def ses(request: HttpRequest) -> HttpResponse:
    """Take a bounce, complaint or delivery; confirm the topic's subscription. 503 makes SNS come again."""
    if not settings.SES_TOPIC_ARN:
        raise Http404
    # It loads cryptography, which not every process needs.
    from catalogue.newsletter.delivery.feedback import sns

    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > MOST_BYTES:
        raise Problem(413, "Too large", "An SNS message can have at most 256 KB.")
    try:
        message = sns.read(request.body, settings.SES_TOPIC_ARN)
        if message.type == "SubscriptionConfirmation":
            sns.confirm(message)
            log.info("The subscription of %s is confirmed", message.topic)
        elif message.type == "Notification":
            services.take(message.id, events.read(message.text))
    except (sns.BadMessage, events.BadEvent) as error:
        raise Problem(400, "This is not an SES notification", str(error)) from None
    except sns.Forged as error:
        raise Problem(403, "This message cannot be verified", str(error)) from None
    except (OSError, BotoCoreError, ClientError) as error:
        log.warning("SNS could not be reached: %s", error)
        raise Problem(503, "SNS cannot be reached", "Deliver it again.", headers={"Retry-After": "30"}) from None
    return HttpResponse(status=200)
