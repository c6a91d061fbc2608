from collections.abc import Iterator

from catalogue.newsletter.delivery.checks import check_newsletter
from catalogue.newsletter.management.console.diagnosis.finding import Finding, good, wrong
from catalogue.newsletter.management.console.diagnosis.site import Site

TITLE = "Settings"


def examine(site: Site) -> Iterator[Finding]:
    """What `manage.py check` says of the newsletter's settings: everything else is built on them."""
    # That one-click needs https is told by SITE_URL's own examination.
    problems = [problem for problem in check_newsletter(None) if problem.id != "newsletter.E004"]
    for problem in problems:
        yield wrong(problem.msg, problem.hint or "")
    if not problems:
        yield good("All settings of the newsletter are valid.")
