"""AWS Secrets Manager."""

from collections.abc import Iterator
from decimal import Decimal

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.template import Resource, Template
from catalogue.patterns.services.model import (
    HOURS_A_MONTH,
    Finding,
    ResourceType,
    Service,
    Standing,
    Uses,
    keyed,
    named_by,
)

SECRET = "AWS::SecretsManager::Secret"  # noqa: S105  the name of a type


def rotations(view: View) -> Iterator[Finding]:
    """A secret that is rotated invokes the function that does it."""
    for schedule in view.stack.of_type("AWS::SecretsManager::RotationSchedule"):
        secret = view.stack.find(schedule.property("SecretId"), SECRET)
        if secret is not None:
            function = schedule.property("RotationLambdaARN")
            yield from view.delivery("rotation", secret, function, schedule, sender="secretsmanager")


def standing(template: Template, resource: Resource) -> Iterator[Standing]:
    if resource.type == SECRET:
        yield Standing("secretsmanager.secret", resource.id, f"keeping {resource.id}", Decimal(1) / HOURS_A_MONTH)


SERVICE = Service(
    key="secrets-manager",
    name="AWS Secrets Manager",
    actions="secretsmanager",
    types=(
        ResourceType(
            SECRET,
            Naming("Name", "arn:aws:secretsmanager:{region}:{account}:secret:{name}", ref="{arn}"),
            noun="a secret",
            secured=True,
            pictured=True,
        ),
    ),
    parts=(
        "AWS::SecretsManager::RotationSchedule",
        "AWS::SecretsManager::ResourcePolicy",
        "AWS::SecretsManager::SecretTargetAttachment",
    ),
    uses=Uses(reads=("GetSecretValue",), writes=("PutSecretValue", "UpdateSecret")),
    calls=named_by("SecretId"),
    price_of=keyed({}, "secretsmanager.calls"),
    managed={"SecretsManagerReadWrite": ("secretsmanager:*",)},
    standing=standing,
    finders=(rotations,),
)
