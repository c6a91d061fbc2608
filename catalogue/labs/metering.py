"""A lab's whole life as one run, for its bill: what its target counted since it was made."""

import threading
import time
from collections import OrderedDict
from datetime import UTC, datetime

from django.utils import timezone

from catalogue.labs import gauges
from catalogue.labs.models import EdgeCall, Lab
from catalogue.labs.runs.build import Head, Observed, build_run
from catalogue.labs.services import resources_of
from catalogue.labs.targets import Target, get_target
from catalogue.labs.trace import LogReader
from catalogue.patterns.runs.document import Run, Use

FRESH_SECONDS = {"embedded": 0.5, "aws": 30.0}
"""How long a reading is good for: AWS charges for asking CloudWatch, and many may look at once."""
_MOST_KEPT = 500
_kept: "OrderedDict[tuple[str, str], tuple[float, Run]]" = OrderedDict()
_lock = threading.Lock()


def lab_run(lab: Lab) -> Run:
    """Everything that the lab used so far. The same reading is given again for a moment.

    Where the target counts invocations itself, as the emulator does, there are no events: no log has to be read, and
    no count is lost with the oldest calls. Elsewhere invocations come from the functions' REPORT lines.
    Raises TargetDown, ClientError, BotoCoreError.
    """
    key = (lab.pk, lab.boot_id)
    with _lock:
        until, run = _kept.get(key, (0.0, None))
    if run is not None and time.monotonic() < until:
        return run
    target = get_target()
    run = _read(target, lab)
    with _lock:
        _kept[key] = (time.monotonic() + FRESH_SECONDS.get(target.name, 1.0), run)
        _kept.move_to_end(key)
        while len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return run


def _read(target: Target, lab: Lab) -> Run:
    resources = resources_of(lab)
    since = lab.created_at.timestamp()
    head = Head(
        pattern=lab.pattern,
        variant="naive" if lab.variant == "naive" else "pattern",
        title="The whole life of this lab",
        target="aws" if target.name == "aws" else "embedded",
        run_hash="",
    )
    uses: list[Use] = target.uses(resources, since) or []
    observed = Observed(since, uses=uses)
    if (not any(use.service == "lambda" for use in uses) and target.name != "embedded") or not uses:
        lines = gauges.read_logs(target, resources, int(since * 1000))
        traced = sorted(LogReader().read(lines), key=lambda event: float(event.data["at"]))
        calls = list(EdgeCall.objects.filter(lab=lab).order_by("at"))
        observed = Observed(since, calls, traced, uses=uses)
    run = build_run(head, (), observed)
    lasted = ((lab.gone_at or timezone.now()) - lab.created_at).total_seconds() * 1000
    return run.model_copy(update={"ms": max(0.0, lasted), "recorded_at": datetime.now(UTC)})
