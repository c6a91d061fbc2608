from collections.abc import Iterator

from django.conf import settings
from django.urls import reverse

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, wrong
from catalogue.newsletter.management.console.diagnosis.site import NoAnswer, Site
from catalogue.web.context import absolute

TITLE = "Webhook"


def examine(site: Site) -> Iterator[Finding]:
    """SNS must reach the address where bounces and complaints are taken, and be subscribed to it."""
    if site.transport != "ses":
        yield passed_over("Only Amazon SES reports bounces through a webhook.")
        return
    url = absolute(reverse("newsletter:feedback_ses"))
    if not settings.SES_TOPIC_ARN:
        yield wrong(
            "SES_TOPIC_ARN is not set, so bounces and complaints are not processed.", f"Set it. SNS posts to {url}."
        )
        return
    try:
        status = site.post(url, b"{}").status
    except NoAnswer as error:
        yield wrong(f"The webhook cannot be reached: {error}", "Make SITE_URL reachable for SNS from the internet.")
        return
    if status == 400:  # what the webhook says to a body that is no message of SNS
        yield good(f"{url} answers.")
    else:
        yield wrong(
            f"{url} answers {status} where the webhook answers 400.", "Check that the running site has SES_TOPIC_ARN."
        )
    listed = site.sns().list_subscriptions_by_topic(TopicArn=settings.SES_TOPIC_ARN)["Subscriptions"]
    ours = [one["SubscriptionArn"] for one in listed if one.get("Endpoint") == url]
    if any(arn.startswith("arn:") for arn in ours):
        yield good("The topic's subscription is confirmed.")
    else:
        yield wrong(
            "The topic's subscription is not confirmed." if ours else "The topic does not post to the webhook.",
            f"Subscribe {url} to the topic (HTTPS, without raw message delivery): the site confirms it automatically.",
        )
