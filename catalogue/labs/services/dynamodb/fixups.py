"""What the emulator's CloudFormation drops from a table: the attribute by which its items expire.

Found with MiniStack 1.5.33 and checked by tests/labs/embedded/fixes/test_fixups.py: drop it once the test
passes without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from catalogue.labs.services.deployed import of_type, truth
from catalogue.labs.services.model import ClientOf, Properties, Template

if TYPE_CHECKING:  # see `services.model`
    from catalogue.labs.targets.base import Resources


def restore(client: ClientOf, template: Template, resources: Resources) -> None:
    for logical, properties in of_type(template, "AWS::DynamoDB::Table"):
        _enable_expiry(client, properties, resources[logical].id)


def _enable_expiry(client: ClientOf, properties: Properties, table: str) -> None:
    expiry = properties.get("TimeToLiveSpecification")
    if not expiry:
        return
    try:
        client("dynamodb").update_time_to_live(
            TableName=table,
            TimeToLiveSpecification={
                "AttributeName": expiry["AttributeName"],
                "Enabled": truth(expiry.get("Enabled")),
            },
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationException":  # it is enabled already
            raise
