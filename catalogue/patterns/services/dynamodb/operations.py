"""What a demo can do to a table."""

from __future__ import annotations

import json
import shlex
from typing import TYPE_CHECKING, Any

from catalogue.patterns.services.model import LeverOperation, Shell

if TYPE_CHECKING:
    from catalogue.patterns.cloudformation.template import Template
    from catalogue.patterns.content.schemas.pattern import Operation
from catalogue.base.shell import resource, word

TABLE = "AWS::DynamoDB::Table"
TABLES = (TABLE, "AWS::DynamoDB::GlobalTable", "AWS::Serverless::SimpleTable")
SHELL = Shell(
    arn='$(aws dynamodb describe-table --table-name "$(resource {id})" --query Table.TableArn --output text)',
    look='aws dynamodb scan --table-name "$(resource {id})" --consistent-read --select COUNT --query Count '
    "--output text",
    shows="the number of items, as of now.",
)


def _expire_items(operation: Operation, template: Template) -> str:
    """Each item that has the attribute expired a minute ago. Keys travel as JSON, whatever is in them."""
    table: Any = template.resources[operation.resource]
    names = [str(part["AttributeName"]) for part in table.property("KeySchema", default=())]
    keys = {f"#k{number}": name for number, name in enumerate(names)}
    aliases = shlex.quote(json.dumps({**keys, "#at": operation.name}))
    query = ", ".join(f'"{name}": "{name}"' for name in names)
    return (
        f"TABLE={resource(operation)}\n"
        'aws dynamodb scan --table-name "$TABLE" --consistent-read \\\n'
        f"  --projection-expression '{', '.join(keys)}' --filter-expression 'attribute_exists(#at)' \\\n"
        f"  --expression-attribute-names {aliases} \\\n"
        f"  --query 'Items[].{{{query}}}' --output json |\n"
        "python3 -c 'import json, sys; [print(json.dumps(key)) for key in json.load(sys.stdin)]' |\n"
        "while IFS= read -r KEY; do\n"
        '  aws dynamodb update-item --table-name "$TABLE" --key "$KEY" \\\n'
        "    --update-expression 'SET #at = :past' --condition-expression 'attribute_exists(#at)' \\\n"
        f"    --expression-attribute-names {shlex.quote(json.dumps({'#at': operation.name}))} \\\n"
        '    --expression-attribute-values "{\\":past\\": {\\"N\\": \\"$(($(date +%s) - 60))\\"}}" < /dev/null\n'
        "done"
    )


def _put_item(operation: Operation, template: Template) -> str:
    return f"aws dynamodb put-item --table-name {resource(operation)} \\\n  --item {word(str(operation.value))}"


OPERATIONS = {
    "expire-items": LeverOperation(
        TABLES,
        "sets the number attribute `name` of the items of the table `resource` to a time in the past",
        _expire_items,
        "Every item is changed when the loop ends.",
        needs=("name",),
        once=True,
    ),
    "put-item": LeverOperation(
        TABLES,
        "puts `value`, an item in DynamoDB's JSON, into the table `resource`",
        _put_item,
        "The item is in the table when the command returns.",
        needs=("value",),
        once=True,
    ),
}
