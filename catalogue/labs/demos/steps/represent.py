"""Results of steps as the outside sees them: one that was just taken, and those of a lab."""

from collections import Counter
from typing import Any

from catalogue.labs.demos.runner import StepResult
from catalogue.labs.demos.runs.represent import run_link
from catalogue.labs.models import Lab, TakenStep
from catalogue.labs.models import Run as KeptRun


def result_document(result: StepResult) -> dict[str, Any]:
    document: dict[str, Any] = {
        "step": result.step,
        "ok": result.ok,
        "answers": [vars(answer) for answer in result.answers],
        "checks": [vars(check) for check in result.checks],
        "saved": result.saved,
    }
    if result.cli is not None:
        document["cli"] = result.cli
    return document


def taken_steps(lab: Lab) -> list[dict[str, Any]]:
    """The last result of each step, in the order in which they were taken; `run` where it is still kept."""
    runs = {kept.pk: run_link(kept) for kept in KeptRun.objects.filter(lab=lab).only("pk", "lab_id")}
    taken = []
    for row in TakenStep.objects.filter(lab=lab).order_by("taken_at", "pk"):
        document = dict(row.document)
        if (run := runs.get(document.pop("run", ""))) is not None:
            document["run"] = run
        taken.append(document)
    return taken


def came_of(document: dict[str, Any]) -> str:
    """A result in a few words: `202 in 8 ms`, `43 × 202, 7 × 429`, `done`."""
    answers = document["answers"]
    if len(answers) == 1:
        said = f"{answers[0]['status']} in {answers[0]['ms']:.0f} ms"
    else:
        counts = sorted(Counter(answer["status"] for answer in answers).items())
        said = ", ".join(f"{count} × {status}" for status, count in counts) or "done"
    return said if document["ok"] else f"{said}; not as expected"
