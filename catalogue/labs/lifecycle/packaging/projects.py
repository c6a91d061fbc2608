"""A template on its own, ready for the embedded AWS: code as zips, SAM translated, bodies of APIs written out.

What the embedded AWS does not create is left out, and a text stands where others name it, so the rest deploys.
"""

from __future__ import annotations

import copy
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from catalogue.labs.lifecycle.packaging.local_forms import PackagingError, as_cloudformation_converts
from catalogue.labs.lifecycle.packaging.project_code import code_zip, runtime_of
from catalogue.labs.lifecycle.packaging.zips import Artifact, Package
from catalogue.labs.services.registry import lab_services
from catalogue.labs.targets.coverage import unknown_types
from catalogue.labs.targets.omissions import omitted

if TYPE_CHECKING:  # a process that only looks after labs does without what reads content
    from catalogue.patterns.content.pattern import Pattern

_BUCKET = "the-labs-bucket"
"""Stands for the bucket's name until it is known."""
_ABSENT = "not-emulated-{}"
"""Stands where another resource names one that is left out."""


@dataclass(frozen=True)
class ProjectPackage(Package):
    def for_bucket(self, bucket: str, prefix: str = "") -> dict[str, Any]:
        """A copy of the template with this bucket."""
        filled: dict[str, Any] = _put(self.template, bucket, prefix)
        return filled


def package(pattern: Pattern) -> Package:
    """The pattern's template as plain CloudFormation that the embedded AWS accepts. Raises PackagingError."""
    # They load what reads content.
    from catalogue.patterns.cloudformation.stack.local_files import with_local_files
    from catalogue.patterns.cloudformation.stack.parameters import parameter_values
    from catalogue.patterns.cloudformation.stack.sam import NotTranslated, built, translated
    from catalogue.patterns.services.registry import registry

    folder = pattern.template.path.parent
    document, _ = with_local_files(built(pattern.template.document.value), folder, registry().definitions)
    document = copy.deepcopy(document)
    artifacts = tuple(_with_code(document, pattern))
    try:
        plain = translated(document, parameter_values(document), deployable=True)
    except NotTranslated as error:
        raise PackagingError(f"SAM refuses the template: {error}") from error
    for name in ("Transform", "Globals", "Metadata", "Rules"):
        plain.pop(name, None)
    plain = _without_nothing(plain)
    _give_parameters(plain, parameter_values(document))
    for service in lab_services().services:
        if service.write_out is not None:
            service.write_out(plain)
    absent = [id for ids in unknown_types(plain["Resources"]).values() for id in ids]
    absent += [id for id in omitted(pattern.content_hash) if id in plain["Resources"] and id not in absent]
    leave_out(plain, absent)
    for resource in plain["Resources"].values():
        as_cloudformation_converts(resource)
    plain["Outputs"] = dict(_endpoints(plain["Resources"]))
    return ProjectPackage(plain, artifacts)


def _endpoints(resources: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The outputs by which a lab finds what can be called: `Endpoint`, which its own address leads to, `Endpoint2`.

    WebSockets to its own address lead to `SocketEndpoint`, the first WebSocket API.
    """
    several = (service.addresses(resources) for service in lab_services().services if service.addresses is not None)
    for number, value in enumerate((value for values in several for value in values), 1):
        yield "Endpoint" if number == 1 else f"Endpoint{number}", {"Value": value}
    taking = (service.sockets(resources) for service in lab_services().services if service.sockets is not None)
    for value in itertools.islice((value for values in taking for value in values), 1):
        yield "SocketEndpoint", {"Value": value}


def leave_out(template: dict[str, Any], ids: list[str]) -> None:
    """Remove these resources, and put a text where others name them."""
    for id in ids:
        del template["Resources"][id]
    absent = {id: _ABSENT.format(id.lower()) for id in ids}
    template["Resources"] = {id: _without(body, absent) for id, body in template["Resources"].items()}
    for body in template["Resources"].values():
        before = body.get("DependsOn")
        if before is not None:
            body["DependsOn"] = [id for id in ([before] if isinstance(before, str) else before) if id not in absent]


def _without(value: Any, absent: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_without(inner, absent) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        (name, argument), *_ = value.items()
        if name == "Ref" and argument in absent:
            return absent[argument]
        if name == "Fn::GetAtt":
            id = argument.partition(".")[0] if isinstance(argument, str) else str(argument[0])
            if id in absent:
                return absent[id]
        if name == "Fn::Sub":
            text, own = (argument, {}) if isinstance(argument, str) else (str(argument[0]), argument[1])
            return {name: [_sub(text, absent), _without(own, absent)] if own else _sub(text, absent)}
    return {key: _without(inner, absent) for key, inner in value.items()}


def _sub(text: str, absent: Mapping[str, str]) -> str:
    for id, stand_in in absent.items():
        before, *rest = text.split(f"${{{id}")
        text = before
        for part in rest:
            inside, closed, after = part.partition("}")
            is_it = closed and (not inside or inside.startswith("."))
            text += stand_in + after if is_it else f"${{{id}{part}"
    return text


def _without_nothing(value: Any) -> Any:
    """The value without keys that have none, such as an empty `Tags:`, at which the embedded AWS stumbles."""
    if isinstance(value, list):
        return [_without_nothing(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    return {name: _without_nothing(inner) for name, inner in value.items() if inner is not None}


def _with_code(document: dict[str, Any], pattern: Pattern) -> Iterator[Artifact]:
    """Put keys in place of local code. Gives the zips."""
    shared = (document.get("Globals") or {}).get("Function")
    uri = shared.pop("CodeUri", None) if isinstance(shared, dict) else None
    code = {type: names for service in lab_services().services for type, names in service.code.items()}
    made: dict[str, Artifact] = {}
    for id, resource in document["Resources"].items():
        names = code.get(str(resource.get("Type"))) if isinstance(resource, dict) else None
        if names is None:
            continue
        properties = resource["Properties"] = resource.get("Properties") or {}
        if (
            isinstance(uri, str)
            and names[0] == "CodeUri"
            and not {"CodeUri", "InlineCode", "ImageUri"} & properties.keys()
        ):
            properties["CodeUri"] = uri
        local = properties.get(names[0])
        if not isinstance(local, str) or local.startswith("s3://"):
            continue
        runtime = runtime_of({**(shared or {}), **properties})
        artifact = code_zip(pattern.template.path.parent, str(id), local, runtime)
        properties[names[0]] = {names[1]: _BUCKET, names[2]: artifact.key}
        if artifact.key not in made:
            made[artifact.key] = artifact
            yield artifact


def _give_parameters(template: dict[str, Any], values: Mapping[str, Any]) -> None:
    """Give each parameter the value that stands in for what no account is asked for."""
    for name, body in (template.get("Parameters") or {}).items():
        value = values.get(name, "")
        text = ",".join(map(str, value)) if isinstance(value, list) else value
        kind = str(body.get("Type"))
        is_plain = kind in ("String", "Number", "CommaDelimitedList")
        body |= {"Default": text, "Type": kind if is_plain else "CommaDelimitedList" if "List<" in kind else "String"}


def _put(value: Any, bucket: str, prefix: str) -> Any:
    if isinstance(value, list):
        return [_put(inner, bucket, prefix) for inner in value]
    if not isinstance(value, dict):
        return value
    for bucket_name, key in (("Bucket", "Key"), ("S3Bucket", "S3Key")):
        if value.get(bucket_name) == _BUCKET:
            return {**value, bucket_name: bucket, key: prefix + value[key]}
    return {name: _put(inner, bucket, prefix) for name, inner in value.items()}
