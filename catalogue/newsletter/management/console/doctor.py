"""`manage.py newsletter doctor`: tells what was found, and ends with 1 if something is wrong."""

from typing import Any

from django.core.management.base import CommandError, OutputWrapper

from catalogue.newsletter.mail.messages import UnsendableError
from catalogue.newsletter.management.console.diagnosis.finding import Grade
from catalogue.newsletter.management.console.diagnosis.run import run
from catalogue.newsletter.management.console.diagnosis.site import Site


def examine(out: OutputWrapper, site: Site | None = None, **_: Any) -> None:
    wrong = 0
    try:
        examined = site or Site()
    except UnsendableError as error:
        raise CommandError(f"FROM_EMAIL is not an address to send mail from: {error}") from error
    for title, finding in run(examined):
        out.write(f"{finding.grade.value:>12}  {title}: {finding.what}")
        if finding.remedy:
            out.write(f"{'':>12}  → {finding.remedy}")
        wrong += finding.grade is Grade.WRONG
    if wrong:
        raise CommandError(f"{wrong} {'thing is' if wrong == 1 else 'things are'} wrong. The arrows show what to do.")
