"""The modules of services: found by their files, and the only ones that name their service."""

import re
from collections.abc import Iterator

import pytest
from django.conf import settings
from pydantic import BaseModel, ValidationError

from catalogue.patterns.content.schemas.comparison import Count
from catalogue.patterns.content.schemas.pattern import Edge, Observe, Operation
from catalogue.patterns.services.kinds import KINDS
from catalogue.patterns.services.known import services
from catalogue.patterns.services.model import Service
from catalogue.patterns.services.registry import registry

FOLDER = "catalogue/patterns/services/"
NAMES_TYPES = {
    "catalogue/patterns/cloudformation/resolving.py": "SAM merges Globals into functions; SAM is no service",
    "catalogue/patterns/cloudformation/stack/sam.py": "SAM's own types, before it has translated them",
    "catalogue/patterns/cloudformation/stack/parameters.py": "a type of CloudFormation's parameters, not a resource",
}
"""Modules outside the services' that name a type, and why. No type of a service is among them."""
USES_ONE_SERVICE = {
    "catalogue/patterns/content/checks/template.py": "the ids of API Gateway's deployments",
    "catalogue/patterns/content/pattern.py": "a recording does not depend on the ids of API Gateway's deployments",
    "catalogue/patterns/costs/avoided.py": "what is avoided are a gateway's calls of functions",
    "catalogue/patterns/costs/projection.py": "the note on cold starts",
    "catalogue/patterns/documents/download/readme.py": "whether Lambda makes the log groups itself",
    "catalogue/patterns/management/commands/stamp_deployments.py": "the ids of API Gateway's deployments",
}
"""Modules that are about one service and import its module, and why."""
_TYPE = re.compile(r"AWS::(?!IAM|CloudFormation)[A-Z]\w+::\w+|AWS::Serverless::")
_MODULES = {service.key.replace("-", "_") for service in registry().services} | {"lambda_"}


def outside() -> Iterator[tuple[str, str]]:
    """Each module of the content's side that is no service's, with its text."""
    for file in (settings.BASE_DIR / "catalogue/patterns").rglob("*.py"):
        name = str(file.relative_to(settings.BASE_DIR))
        if not name.startswith((FOLDER, "catalogue/patterns/documents/download/test_support/")):
            yield name, file.read_text("utf-8")


def test_no_other_module_names_a_services_types() -> None:
    assert {name for name, text in outside() if _TYPE.search(text)} == NAMES_TYPES.keys()


def test_no_other_module_names_a_service() -> None:
    key = re.compile("|".join(f"[\"']{re.escape(service.key)}[\"']" for service in registry().services))
    assert not {name: found[0] for name, text in outside() if (found := key.search(text))}


def test_few_modules_are_about_one_service() -> None:
    imported = re.compile(rf"catalogue\.patterns\.services(?:\.| import )(?:{'|'.join(sorted(_MODULES))})\b")
    assert {name for name, text in outside() if imported.search(text)} == USES_ONE_SERVICE.keys()


def test_every_service_has_a_glyph() -> None:
    icons = settings.BASE_DIR / "static/icons/services"
    assert not [key for key in services().by_key if not (icons / f"{key}.svg").is_file()]


def test_a_type_belongs_to_one_service() -> None:
    every = [
        type for service in registry().services for type in (*(kind.type for kind in service.types), *service.parts)
    ]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("kind", ["outside", *KINDS])
def test_a_diagram_can_draw_every_kind(kind: str) -> None:
    assert Edge(source="A", target="B", by=kind).by == kind


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        (Edge, {"source": "A", "target": "B", "by": "magic"}),
        (Operation, {"action": "teleport", "resource": "Queue"}),
        (Observe, {"resource": "Queue", "measure": "weight", "equals": 1}),
        (Count, {"resource": "Queue", "measure": "weight"}),
    ],
)
def test_what_no_service_declares_is_refused_with_the_names_that_are(model: type[BaseModel], fields: object) -> None:
    with pytest.raises(ValidationError, match="Input should be '") as refused:
        model.model_validate(fields)
    assert [error["type"] for error in refused.value.errors()] == ["literal_error"]


def test_an_operation_is_undone_by_another_of_the_registry() -> None:
    known = registry().operations
    others = {name for one in known.values() for name in (one.undone_by, one.without_original) if name}
    assert others <= known.keys()
    assert all(known[name].types == one.types for one in known.values() for name in [one.undone_by] if name)
    assert not [name for name, one in known.items() if one.once and (one.undone_by or one.original)]


def test_a_name_is_declared_by_one_service() -> None:
    for field in ("measures", "levels", "operations"):
        names = [name for service in registry().services for name in getattr(service, field)]
        assert len(names) == len(set(names)), field


@pytest.mark.parametrize("service", registry().services, ids=lambda service: service.name)
def test_a_service_is_of_use_to_the_prover(service: Service) -> None:
    """It can be used, sends something, or only has parts; what can be used names the operations for it."""
    uses = service.uses
    operations = (*uses.reads, *uses.writes)
    assert all(operation[0].isupper() for operation in operations)
    useful = operations or uses.open or service.finders or service.callers or service.key == "iam"
    assert useful or not service.types
