"""What of a template on its own the embedded AWS brings to life: each arrow, each resource, each function.

It reads nothing from disk but whether code is where it should be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from catalogue.labs.services.model import Arrow
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets.coverage import BUILT, is_deployable, not_runnable, unknown_types
from catalogue.labs.targets.omissions import omitted
from catalogue.patterns.cloudformation.arrows.proofs import proofs
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.projects.drawing import types_of_boxes
from catalogue.patterns.services.registry import registry

type Status = Literal["proven", "not emulated", "not proven"]


@dataclass(frozen=True)
class ArrowVerdict:
    source: str
    target: str
    kind: str
    status: Status
    """`not emulated` arrows are proven; nothing flows along them here."""
    reason: str = ""
    """A sentence, unless it is proven and flows."""

    @property
    def key(self) -> str:
        return f"{self.source}>{self.target}"


@dataclass(frozen=True)
class Verdict:
    arrows: tuple[ArrowVerdict, ...]
    left_out: Mapping[str, list[str]]
    """Ids by type that the embedded AWS does not create; the rest is deployed without them."""
    not_run: Mapping[str, str]
    """Why the code of a function does not run here, or a resource could not be created, by id."""
    refused: str
    """Why SAM refuses the template; then nothing is proven or deployed."""

    @property
    def not_emulated(self) -> dict[str, str]:
        """The reason by arrow, as the diagram takes it."""
        return {arrow.key: arrow.reason for arrow in self.arrows if arrow.status == "not emulated"}

    def lines(self) -> Iterator[str]:
        """What does not come to life, one sentence each."""
        for type, ids in self.left_out.items():
            yield f"{', '.join(ids)}: the embedded AWS does not create {type}. The rest is deployed without."
        for id, reason in self.not_run.items():
            yield f"{id}: {reason}"


def verdict(pattern: Pattern, *, alone: bool = False) -> Verdict:
    """Of the drawn arrows, then of those that are not proven, in the order of the template.

    A template `alone` has no files beside it and no machine yet: neither code nor Node.js is looked for.
    """
    found = proofs(pattern.template)
    types = types_of_boxes(pattern.template)
    left_out = unknown_types({id: {"Type": one.type} for id, one in pattern.template.resources.items()})
    not_run = (
        dict(_durable(pattern))
        | ({} if alone else dict(_without_code(pattern)))
        | not_runnable(dict(_runtimes(pattern)), alone=alone)
        | dict(omitted(pattern.content_hash))
    )
    by = {(one.source, one.target): one.proof for one in found.arrows}
    drawn = []
    for edge in pattern.diagram.edges:
        ends = [id for id in (edge.source, edge.target, by.get((edge.source, edge.target), "")) if id in types]
        reason = next((_absent(types[id], id) for id in ends if not is_deployable(types[id])), None)
        reason = reason or next((not_run[id] for id in reversed(ends) if id in not_run), None)
        kinds = Arrow(edge.by, types.get(edge.source, ""), types.get(edge.target, ""))
        reason = reason or lab_services().not_emulated(kinds)
        drawn.append(
            ArrowVerdict(edge.source, edge.target, edge.by, "not emulated" if reason else "proven", reason or "")
        )
    missing = (ArrowVerdict(one.source, one.target, one.kind, "not proven", one.reason) for one in found.not_proven)
    return Verdict((*drawn, *missing), left_out, not_run, found.refused)


def _absent(type: str, id: str) -> str:
    return f"The embedded AWS does not create {type} ({id})."


def _durable(pattern: Pattern) -> Iterator[tuple[str, str]]:
    for resource in pattern.template.as_deployed.of_type(*registry().functions):
        if resource.property("DurableConfig"):
            yield resource.id, "The embedded AWS does not run durable functions."


def _without_code(pattern: Pattern) -> Iterator[tuple[str, str]]:
    """Functions whose code, or the file of their handler, is not where the template says."""
    folder = pattern.template.path.parent
    for resource in pattern.template.as_deployed.of_type(*registry().functions):
        uri = resource.property("CodeUri") or resource.property("Code")
        built = folder / BUILT / resource.id
        if not isinstance(uri, str) or "://" in uri or built.is_dir():
            continue
        if not _has_files(folder / uri):
            yield resource.id, f"Its code is not in {uri}: build it first, for example with `sam build`."
            continue
        names = _handler_files(str(resource.property("Runtime")), str(resource.property("Handler")))
        if names and (folder / uri).is_dir() and not any((folder / uri / name).is_file() for name in names):
            yield resource.id, f"{uri} has no {names[0]}: build it first, for example with `sam build`."


def _handler_files(runtime: str, handler: str) -> list[str]:
    """Where a handler's module may be in the function's folder; empty where that is not known.

    https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html
    https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
    """
    module = handler.rpartition(".")[0]
    if not module or module.startswith("/"):  # a layer's
        return []
    if runtime.startswith("nodejs"):
        return [f"{module}{end}" for end in (".js", ".mjs", ".cjs")]
    if runtime.startswith("python"):
        path = module.replace(".", "/")
        return [f"{path}.py", f"{path}/__init__.py"]
    return []


def _has_files(place: Path) -> bool:
    return place.is_file() or (place.is_dir() and any(place.iterdir()))


def _runtimes(pattern: Pattern) -> Iterator[tuple[str, str]]:
    for resource in pattern.template.as_deployed.of_type(*registry().functions):
        if resource.property("PackageType") == "Image" or resource.property("ImageUri"):
            yield resource.id, ""
        elif isinstance(runtime := resource.property("Runtime"), str):
            yield resource.id, runtime
