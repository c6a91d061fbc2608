"""Amazon EventBridge Pipes."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import Deployed, mapping
from catalogue.patterns.services.model import Finding, NotProven, Relation, ResourceType, Service, keyed

PIPE = "AWS::Pipes::Pipe"


def pipes(view: View) -> Iterator[Finding]:
    """A pipe carries what its source has to its target, by way of an enrichment if there is one.

    Where the source is not in the template, the arrow begins at the pipe.
    """
    for pipe in view.stack.of_type(PIPE):
        source = view.stack.find(pipe.property("Source")) or pipe.id
        silent = _silent(view, pipe, source)
        if silent:
            yield NotProven("pipe", source, str(pipe.property("Target")), pipe.id, silent)
            continue
        role = pipe.property("RoleArn")
        yield from view.delivery("pipe", source, pipe.property("Target"), pipe, sender="pipes", role=role)
        enrichment = pipe.property("Enrichment")
        if enrichment:
            yield from view.delivery("enrichment", pipe.id, enrichment, pipe, sender="pipes", role=role, waits=True)
        for parameters in mapping(pipe.property("SourceParameters")).values():
            queue = view.stack.find(mapping(mapping(parameters).get("DeadLetterConfig")).get("Arn"))
            if queue is not None:
                yield Relation("dead-letter", pipe.id, queue, pipe.id)


def _silent(view: View, pipe: Deployed, source: str) -> str | None:
    if pipe.property("DesiredState") == "STOPPED":
        return "the pipe is stopped"
    known = view.known(source)
    return known[0].silent(view.stack.resources[source]) if known and known[0].silent else None


SERVICE = Service(
    key="pipes",
    name="Amazon EventBridge Pipes",
    actions="pipes",
    types=(ResourceType(PIPE, Naming("Name", "arn:aws:pipes:{region}:{account}:pipe/{name}")),),  # drawn as an arrow
    price_of=keyed({"Request": "pipes.requests"}),
    unit="chunks of 64 KB",
    finders=(pipes,),
)
