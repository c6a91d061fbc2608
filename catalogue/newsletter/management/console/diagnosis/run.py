"""Finds the examinations and runs them; one that breaks tells so and stops no other."""

from collections.abc import Iterator
from types import ModuleType

from catalogue.base.discovery import modules
from catalogue.newsletter.management.console.diagnosis import checks
from catalogue.newsletter.management.console.diagnosis.finding import Finding, wrong
from catalogue.newsletter.management.console.diagnosis.site import NoAnswer, Site


def examinations() -> list[ModuleType]:
    """Modules with a TITLE and `examine(site)`, by name."""
    return modules(checks)


def run(site: Site) -> Iterator[tuple[str, Finding]]:
    """Title of the examination and finding, in order."""
    from botocore.exceptions import BotoCoreError, ClientError

    for module in examinations():
        try:
            for finding in module.examine(site):
                yield module.TITLE, finding
        except NoAnswer as error:
            yield module.TITLE, wrong(f"No answer: {error}", "Check this machine's network and name servers.")
        except (ClientError, BotoCoreError) as error:
            yield (
                module.TITLE,
                wrong(
                    f"Amazon SES refused the request: {error}",
                    "Check SES_REGION and the AWS credentials, and allow ses:Get* and sns:ListSubscriptionsByTopic.",
                ),
            )
