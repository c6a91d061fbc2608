"""Logical ids of API Gateway deployments, which have to change when the API changes.

`AWS::ApiGateway::Deployment` is a snapshot of a REST API, and it refers to none of the methods in it. CloudFormation
therefore takes a new snapshot only when the template holds a deployment with a new logical id; otherwise the stage of
an updated stack goes on serving the old API. SAM and the CDK end the id with a hash of the API, and so do the templates
here: `Deployment` is written as `Deployment3f2a9c10be`. `manage.py stamp_deployments` writes the hashes, and
`make check` compares them.

Source, read 2026-11-30: https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_apigateway.Deployment.html
"""

import hashlib
import json
import re
from collections.abc import Iterator
from typing import Any

from catalogue.patterns.cloudformation.template import Resource, Template, referenced_ids

DEPLOYMENT = "AWS::ApiGateway::Deployment"
API = "AWS::ApiGateway::RestApi"
IN_THE_SNAPSHOT = frozenset(
    f"AWS::ApiGateway::{part}"
    for part in ("Resource", "Method", "Model", "RequestValidator", "Authorizer", "GatewayResponse")
)
NOT_IN_IT = frozenset({"Name", "Description", "Tags"})
"""Properties of an API that its stages do not serve."""

_STAMP = re.compile(r"[0-9a-f]{10}\Z")


def stamped_ids(template: Template) -> Iterator[tuple[str, str]]:
    """Each deployment's logical id as it is, and as it has to be."""
    for deployment in template.of_type(DEPLOYMENT):
        yield deployment.id, _STAMP.sub("", deployment.id) + api_hash(template, deployment)


def api_hash(template: Template, deployment: Resource) -> str:
    """Ten hexadecimal digits of what the deployment's API is: comments, spelling and order do not count."""
    api = deployment.properties.get("RestApiId")
    parts: dict[str, Any] = {}
    for resource in template.resources.values():
        body = template.document.value["Resources"][resource.id]
        if resource.type in IN_THE_SNAPSHOT and resource.properties.get("RestApiId") == api:
            parts[resource.id] = [resource.type, resource.properties, body.get("Condition")]
        elif resource.type == API and api == {"Ref": resource.id}:
            served = {name: value for name, value in resource.properties.items() if name not in NOT_IN_IT}
            parts[resource.id] = [resource.type, served, body.get("Condition")]
    parameters = {name: template.parameters[name] for name in referenced_ids(parts) if name in template.parameters}
    whole = json.dumps([parts, parameters], sort_keys=True, default=str)
    return hashlib.sha256(whole.encode()).hexdigest()[:10]


def stamped(template: Template) -> str:
    """The template's text with every deployment's id as it has to be."""
    return _renamed(template.text, dict(stamped_ids(template)))


def unstamped(template: Template) -> str:
    """The template's text with the hashes left out: they say nothing that the rest of it does not."""
    return _renamed(template.text, {old: _STAMP.sub("", old) for old, _ in stamped_ids(template)})


def _renamed(text: str, names: dict[str, str]) -> str:
    """The text with logical ids renamed where YAML templates write them; prose and comments stay."""
    for old, new in names.items():
        id = re.escape(old)
        for place in (
            rf"(?m)^(\s+){id}(:\s*(?:#.*)?$)",
            rf"(!Ref\s+){id}(\b)",
            rf"(\bRef:\s*){id}(\b)",
            rf"(!GetAtt\s+){id}(\.)",
            rf"(\$\{{){id}([.}}])",
            rf"(?m)^(\s+DependsOn:[^#\n]*\b){id}(\b)",
            rf"(?m)^(\s+-\s+){id}(\s*(?:#.*)?$)",
        ):
            text = re.sub(place, rf"\g<1>{new}\g<2>", text)
    return text
