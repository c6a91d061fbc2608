from collections.abc import Iterator

from botocore.exceptions import ClientError
from django.conf import settings

from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, passed_over, warning, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site

TITLE = "SES configuration set"
_NEEDED = {"BOUNCE", "COMPLAINT", "DELIVERY"}


def examine(site: Site) -> Iterator[Finding]:
    if site.transport != "ses":
        yield passed_over("Mail is not sent through SES.")
        return
    name = settings.SES_CONFIGURATION_SET
    if not name:
        yield warning(
            "No configuration set is used. Bounces are reported only if the identity's notifications are set up.",
            "Create one that publishes bounces, complaints and deliveries to the topic, and set SES_CONFIGURATION_SET.",
        )
        return
    client = site.ses()
    try:
        client.get_configuration_set(ConfigurationSetName=name)
    except ClientError as error:
        if error.response.get("Error", {}).get("Code") != "NotFoundException":
            raise
        yield wrong(f"SES has no configuration set {name}.", "Create it in SES_REGION, or correct the setting.")
        return
    told: set[str] = set()
    for one in client.get_configuration_set_event_destinations(ConfigurationSetName=name)["EventDestinations"]:
        if one.get("Enabled") and one.get("SnsDestination", {}).get("TopicArn") == settings.SES_TOPIC_ARN:
            told |= set(one.get("MatchingEventTypes", []))
    if told >= _NEEDED:
        yield good(f"{name} reports bounces, complaints and deliveries to the topic.")
    else:
        missing = ", ".join(sorted(_NEEDED - told)).lower()
        yield wrong(
            f"{name} does not report these to SES_TOPIC_ARN: {missing}.", "Add them to its SNS event destination."
        )
