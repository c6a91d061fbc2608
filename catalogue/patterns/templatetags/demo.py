"""What the lab panel's templates and script need to know of a pattern's demo."""

from functools import lru_cache
from typing import Any

from django import template
from django.utils.safestring import SafeString, mark_safe

from catalogue.patterns.content import Pattern
from catalogue.patterns.markdown_ext import inline
from catalogue.patterns.schema import Step

register = template.Library()


@register.filter
def demo_data(pattern: Pattern) -> dict[str, Any]:
    """The demo for the page's script.

    Shape: `{"steps": [{"id", "request" or null}], "api": logical id or null, "queues": [logical ids]}`.
    """
    steps = pattern.demo.steps if pattern.demo else ()
    resources = pattern.template.resources.values()
    apis = [resource.id for resource in resources if resource.type == "AWS::ApiGateway::RestApi"]
    return {
        "steps": [
            {"id": step.id, "request": step.request.model_dump(by_alias=True) if step.request else None}
            for step in steps
        ],
        "api": apis[0] if apis else None,
        "queues": [resource.id for resource in resources if resource.type == "AWS::SQS::Queue"],
    }


@register.filter
def deed(step: Step) -> str:
    """The step in one line, as it stands beside its button: `POST /orders × 50` or `redrive DeadLetters`."""
    if step.request:
        times = f" × {step.request.times}" if step.request.times > 1 else ""
        return f"{step.request.method} {step.request.path}{times}"
    assert step.operation is not None
    words = step.operation.action.replace("-", " ")
    name = f" {step.operation.name}" if step.operation.name else ""
    value = "" if step.operation.value is None else f" to {step.operation.value}"
    to = f" to {step.operation.to}" if step.operation.to else ""
    return f"{words} {step.operation.resource}{name}{to}{value}"


@register.filter
@lru_cache(maxsize=4096)
def in_markdown(text: str) -> SafeString:
    """A demo's story or what to notice in a step, in the site's dialect of Markdown."""
    return mark_safe(f"<p>{inline(text)}</p>")  # noqa: S308  (the dialect lets no raw HTML through)
