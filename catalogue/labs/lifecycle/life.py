"""A lab's whole life as one run: what its target counted since it was made."""

from datetime import UTC, datetime

from django.utils import timezone

from catalogue.base.target_names import EMBEDDED
from catalogue.labs.demos.runs.build import Head, Observed, build_run
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.targets.base import Target
from catalogue.labs.watching import gauges
from catalogue.labs.watching.trace import LogReader
from catalogue.patterns.runs.document import Run, Use


def read_life(target: Target, lab: Lab) -> Run:
    """Everything that the lab used so far.

    Where the target counts invocations itself, as the emulator does, there are no events: no log has to be read, and
    no count is lost with the oldest calls. Elsewhere invocations come from the functions' REPORT lines.
    Raises TargetDown, ClientError, BotoCoreError.
    """
    resources = resources_of(lab)
    since = lab.created_at.timestamp()
    head = Head(
        pattern=lab.pattern,
        variant="naive" if lab.variant == "naive" else "pattern",
        title="The whole life of this lab",
        target=target.name,
        run_hash="",
    )
    uses: list[Use] = target.uses(resources, since) or []
    observed = Observed(since, uses=uses)
    if (not any(use.service == "lambda" for use in uses) and target.name != EMBEDDED) or not uses:
        lines = gauges.read_logs(target, resources, int(since * 1000))
        traced = sorted(LogReader().read(lines), key=lambda event: float(event.data["at"]))
        calls = list(EdgeCall.objects.filter(lab=lab).order_by("at"))
        observed = Observed(since, calls, traced, uses=uses)
    run = build_run(head, (), observed)
    lasted = ((lab.gone_at or timezone.now()) - lab.created_at).total_seconds() * 1000
    return run.model_copy(update={"ms": max(0.0, lasted), "recorded_at": datetime.now(UTC)})
