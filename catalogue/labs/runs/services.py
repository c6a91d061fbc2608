"""What changes kept runs: keep one, share one, forget those whose time is over."""

from django.conf import settings

from catalogue.labs.models import Lab
from catalogue.labs.models import Run as KeptRun
from catalogue.patterns.runs.document import Run


def keep_run(lab: Lab, run: Run) -> KeptRun:
    """Store a redacted run of a lab, and forget the lab's oldest beyond LABS_RUNS_PER_LAB."""
    kept = KeptRun.objects.create(lab=lab, document=run.model_dump(mode="json"))
    newest = KeptRun.objects.filter(lab=lab).order_by("-created_at", "-pk").values_list("pk", flat=True)
    beyond = list(newest[settings.LABS_RUNS_PER_LAB : settings.LABS_RUNS_PER_LAB + 500])
    if beyond:
        KeptRun.objects.filter(pk__in=beyond).delete()
    return kept
