"""What changes the results of steps: keep the last one of each."""

from django.utils import timezone

from catalogue.labs.demos.runner import StepResult
from catalogue.labs.demos.steps.represent import result_document
from catalogue.labs.models import Lab, TakenStep
from catalogue.labs.models import Run as KeptRun

_MOST_CHARACTERS = 4_000
_MOST_ANSWERS = 100


def keep_step(lab: Lab, result: StepResult, run: KeptRun) -> None:
    """Store the result, so that a reload or another tab shows it again. Of many answers, the bodies are left out.

    The page counts the statuses of several answers and shows none of their bodies.
    """
    document = result_document(result) | {"run": run.pk}
    alone = len(result.answers) == 1
    document["answers"] = [_kept(answer, whole=alone) for answer in document["answers"][:_MOST_ANSWERS]]
    defaults = {"document": document, "taken_at": timezone.now()}
    TakenStep.objects.update_or_create(lab=lab, step=result.step, defaults=defaults)


def _kept(answer: dict[str, object], *, whole: bool) -> dict[str, object]:
    if not whole:
        return {**answer, "headers": {}, "body": ""}
    body = str(answer["body"])
    return {**answer, "body": body if len(body) <= _MOST_CHARACTERS else f"{body[:_MOST_CHARACTERS]} …"}
