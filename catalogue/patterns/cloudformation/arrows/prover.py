"""All arrows of a template on disk, with the ids that its author gave.

Pure but for reading the template and the local files that it names.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from catalogue.patterns.cloudformation.arrows.authors import Authors
from catalogue.patterns.cloudformation.arrows.uses import actions, uses
from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.code import code_texts
from catalogue.patterns.cloudformation.stack.local_files import with_local_files
from catalogue.patterns.cloudformation.stack.parameters import parameter_values
from catalogue.patterns.cloudformation.stack.sam import built, translated
from catalogue.patterns.cloudformation.stack.stack import stack_of
from catalogue.patterns.content.parsing.yaml_lines import Document
from catalogue.patterns.services.model import NotProven, Relation, Route, Service
from catalogue.patterns.services.registry import Registry

SAM = "AWS::Serverless"


@dataclass(frozen=True)
class Proven:
    relations: tuple[Relation, ...] = ()
    """With the author's ids at both ends and as proof."""
    arrows: tuple[Relation, ...] = ()
    """The first relation of each pair of ends."""
    not_proven: tuple[NotProven, ...] = ()
    unknown_types: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)
    """Line of each id of the author in the file."""
    unread: tuple[str, ...] = ()
    """Files that the template names but that could not be read."""
    actions: Mapping[tuple[str, str], frozenset[str]] = field(default_factory=dict)
    """What code may do on a resource that it uses: IAM actions in lower case, without the service's prefix."""
    routes: tuple[Route, ...] = ()
    """What the APIs answer to, with the author's ids."""
    refused: str = ""
    """Why SAM refuses the template, if it does; then nothing is proven."""


def proven(document: Document, registry: Registry) -> Proven:
    """What the template proves. Raises NotTranslated if SAM refuses it."""
    value, unread = with_local_files(built(document.value), document.path.parent, registry.definitions)
    parameters = parameter_values(value)
    plain = translated(value, parameters) if _needs_sam(value) else value
    stack = stack_of(_with_ambient(plain, registry), parameters, registry.namings)
    view = View(stack, registry, code_texts(document.value, document.path.parent))
    found = [finding for service in registry.services for finder in service.finders for finding in finder(view)]
    flows = [finding for finding in found if isinstance(finding, Relation)]
    found += uses(view, flows)
    authors = Authors(document, plain, tuple(one.id for service in registry.services for one in service.ambient))
    relations = authors.relations(finding for finding in found if isinstance(finding, Relation))
    arrows = authors.arrows(relations)
    missing = authors.missing((finding for finding in found if isinstance(finding, NotProven)), arrows)
    return Proven(
        relations,
        arrows,
        missing,
        _unknown(value, registry),
        authors.lines,
        tuple(dict.fromkeys(unread)),
        actions(view, relations),
        tuple(authors.route(route) for service in registry.services for route in _routes(service, view)),
    )


def _routes(service: Service, view: View) -> Iterator[Route]:
    return service.routes(view) if service.routes else iter(())


def _needs_sam(value: Mapping[str, Any]) -> bool:
    types = (str(body.get("Type")) for body in value["Resources"].values() if isinstance(body, Mapping))
    connectors = any(isinstance(body, Mapping) and "Connectors" in body for body in value["Resources"].values())
    return connectors or any(type.startswith(f"{SAM}::") for type in types)


def _with_ambient(plain: Mapping[str, Any], registry: Registry) -> dict[str, Any]:
    """The template with what every account has: a bus called default."""
    added = {
        one.id: {"Type": one.type, "Properties": {"Name": one.name}}
        for service in registry.services
        for one in service.ambient
    }
    return {**plain, "Resources": {**plain["Resources"], **added}}


def _unknown(value: Mapping[str, Any], registry: Registry) -> tuple[str, ...]:
    types = {str(body.get("Type")) for body in value["Resources"].values() if isinstance(body, Mapping)}
    return tuple(sorted(type for type in types if type not in registry.known))
