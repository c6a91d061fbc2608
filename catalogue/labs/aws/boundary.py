"""What a template may make on a real account: only known types, and no role without the permissions boundary.

`adapted` adds the boundary where the template or SAM makes a role, and then translates the result as CloudFormation's
SAM transform does, to see that no role was missed. Pure, apart from that library.
"""

from __future__ import annotations

import copy
import logging
from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.labs.lifecycle.packaging.local_forms import PackagingError
from catalogue.labs.services.registry import lab_services

_SAM = "AWS::Serverless::"


def allowed_types() -> frozenset[str]:
    """The types that a template may make, SAM's own among them."""
    return frozenset(type for service in lab_services().services for type in service.on_aws)


def made_types() -> frozenset[str]:
    """The types that CloudFormation's role in infra/sandbox.yaml may make; tests/labs/targets/infra compares the
    two."""
    return frozenset(type for type in allowed_types() if not type.startswith(_SAM))


_TRANSFORMS = frozenset({"AWS::Serverless-2016-10-31", "AWS::LanguageExtensions"})


class TemplateRefused(PackagingError):
    """The template asks for what a lab may not have; the message says what."""


def adapted(template: dict[str, Any], boundary: str, region: str) -> dict[str, Any]:
    """A copy of the template in which every role, SAM's own included, has the permissions boundary.

    `template` is as it will be deployed, with its code on S3; `boundary` is the ARN of a policy, or empty for none.
    Raises TemplateRefused.
    """
    _refuse_unknown(template)
    if not boundary:
        return template
    bounded = copy.deepcopy(template)
    for resource in bounded["Resources"].values():
        _bound(resource, boundary)
    if _uses_sam(bounded):
        made = translated(bounded, region)
        _refuse_unknown(made)
        _refuse_unbounded(made, boundary)
    return bounded


def _bound(resource: dict[str, Any], boundary: str) -> None:
    if any(resource["Type"] in service.has_boundary for service in lab_services().services):
        properties = resource.get("Properties")
        if not isinstance(properties, dict):
            properties = resource["Properties"] = {}
        properties["PermissionsBoundary"] = boundary
        for event in (properties.get("Events") or {}).values():
            if isinstance(event, dict) and event.get("Type") == "ScheduleV2":  # it makes a role of its own
                event.setdefault("Properties", {})["PermissionsBoundary"] = boundary


def translated(template: Mapping[str, Any], region: str) -> dict[str, Any]:
    """What SAM makes of the template, by the library that CloudFormation's transform runs. Raises TemplateRefused."""
    import boto3
    from samtranslator.parser.parser import Parser
    from samtranslator.public.exceptions import InvalidDocumentException
    from samtranslator.translator.translator import Translator

    # It counts its own calls and warns if the counts are not fetched.
    logging.getLogger("samtranslator.metrics.metrics").setLevel(logging.ERROR)
    partition = boto3.Session().get_partition_for_region(region)
    parameters = {
        name: parameter.get("Default", "")
        for name, parameter in (template.get("Parameters") or {}).items()
        if isinstance(parameter, Mapping)
    }
    translator = Translator(_managed_policies(partition), Parser(), boto_session=boto3.Session(region_name=region))
    try:
        made: dict[str, Any] = translator.translate(copy.deepcopy(dict(template)), parameters)
    except InvalidDocumentException as error:
        raise TemplateRefused(f"SAM does not accept the template: {error.message}") from error
    return made


def _managed_policies(partition: str) -> dict[str, str]:
    """Names that SAM's `Policies` may use in place of ARNs; the boundary applies to whatever they allow."""
    names = ("AWSLambdaBasicExecutionRole", "AWSLambdaSQSQueueExecutionRole", "AWSLambdaDynamoDBExecutionRole")
    return {name: f"arn:{partition}:iam::aws:policy/service-role/{name}" for name in names}


def _uses_sam(template: Mapping[str, Any]) -> bool:
    return any(resource["Type"].startswith(_SAM) for resource in template["Resources"].values())


def _refuse_unknown(template: Mapping[str, Any]) -> None:
    transforms = template.get("Transform") or []
    for transform in [transforms] if isinstance(transforms, (str, dict)) else transforms:
        if not isinstance(transform, str) or transform not in _TRANSFORMS:
            raise TemplateRefused(f"Labs on AWS can use only SAM's transform. The template uses {transform}.")
    allowed = allowed_types()
    for logical, resource in template["Resources"].items():
        type = resource["Type"]
        if type not in allowed:
            raise TemplateRefused(f"Labs on AWS cannot create a {type}. {logical} is one.")
        if type == "AWS::IAM::Role":
            _refuse_foreign_trust(logical, resource.get("Properties") or {})
        if type == "AWS::IAM::Policy":
            _refuse_foreign_roles(logical, resource.get("Properties") or {}, template["Resources"])


def _refuse_foreign_roles(logical: str, properties: Mapping[str, Any], resources: Mapping[str, Any]) -> None:
    """A policy may be attached to roles of its own template and to no one else."""
    roles = [{"Ref": name} for name, resource in resources.items() if resource["Type"] == "AWS::IAM::Role"]
    named = properties.get("Roles") or []
    if properties.get("Users") or properties.get("Groups") or any(role not in roles for role in named):
        raise TemplateRefused(f"A lab's policies are for roles of its own template alone, and {logical} names others.")


def _refuse_foreign_trust(logical: str, properties: Mapping[str, Any]) -> None:
    """A boundary says what a role may do, not who may become it: only AWS's services may."""
    for statement in _statements(properties.get("AssumeRolePolicyDocument")):
        principal = statement.get("Principal")
        if not isinstance(principal, Mapping) or set(principal) != {"Service"}:
            raise TemplateRefused(f"Only AWS services can assume the roles of labs. {logical} allows others.")


def _statements(document: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(document, Mapping):
        found = document.get("Statement") or []
        for statement in [found] if isinstance(found, Mapping) else found:
            if isinstance(statement, Mapping) and statement.get("Effect", "Allow") == "Allow":
                yield statement


def _refuse_unbounded(template: Mapping[str, Any], boundary: str) -> None:
    for logical, resource in template["Resources"].items():
        if resource["Type"] == "AWS::IAM::Role":
            given = (resource.get("Properties") or {}).get("PermissionsBoundary")
            if given != boundary:
                raise TemplateRefused(f"SAM makes the role {logical} of this template without a permissions boundary.")
