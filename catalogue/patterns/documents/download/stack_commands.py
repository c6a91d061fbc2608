"""An operation of a demo as shell commands for a reader's own stack, which they deployed from the download.

The lab shows the command with the ids of its own stack (`catalogue.labs.demos.operations`). A reader's ids are not
known here, so these commands look them up: `resource QueueName` is a function of the shell, defined by `SETUP`.
"""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.template import Template
from catalogue.patterns.content.schemas.pattern import Operation
from catalogue.patterns.services.model import Shell
from catalogue.patterns.services.registry import registry

SETUP = """\
resource() {
  aws cloudformation describe-stack-resource --stack-name "$STACK" --logical-resource-id "$1" \\
    --query StackResourceDetail.PhysicalResourceId --output text
}"""
"""A shell function that prints the physical id of a resource of the stack `$STACK`."""


def operation_commands(operation: Operation, template: Template) -> str:
    """POSIX shell that does the operation with the AWS CLI; several lines, `SETUP` has to be in force."""
    return registry().operations[operation.action].commands(operation, template)


def wait_after(operation: Operation) -> str:
    """How long the operation takes on AWS, as a sentence for a reader."""
    return registry().operations[operation.action].wait


def look_commands(template: Template) -> dict[str, str]:
    """A command by the logical id of each resource in which something can be seen that shows what is in it now."""
    return {id: shell.look.format(id=id) for id, shell in _looks(template)}


def look_sentences(template: Template) -> dict[str, str]:
    """What each of the `look_commands` shows."""
    return {id: shell.shows for id, shell in _looks(template)}


def _looks(template: Template) -> Iterator[tuple[str, Shell]]:
    known = registry().by_type
    for found in template.resources.values():
        if found.type in known and (shell := known[found.type][1].shell).look:
            yield found.id, shell
