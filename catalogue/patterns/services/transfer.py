"""AWS Transfer Family: servers for file transfers."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import items, mapping
from catalogue.patterns.services.model import Finding, ResourceType, Service

SERVER = "AWS::Transfer::Server"
USER = "AWS::Transfer::User"
WORKFLOW = "AWS::Transfer::Workflow"


def files(view: View) -> Iterator[Finding]:
    """A server keeps its users' files in the buckets that their folders are mapped to, as each user's role."""
    for user in view.stack.of_type(USER):
        server = view.stack.named(user.property("ServerId"), SERVER)
        homes = [user.property("HomeDirectory")]
        homes += [one.get("Target") for one in items(user.property("HomeDirectoryMappings"))]
        for home in homes:
            bucket = view.stack.named(str(home or "").strip("/").split("/")[0], "AWS::S3::Bucket")
            if server and bucket:
                arn, role = view.stack.arn(bucket), user.property("Role")
                yield from view.delivery("delivery", server, arn, user, sender="transfer", role=role)


def workflows(view: View) -> Iterator[Finding]:
    """A server runs a workflow for each upload, whose steps may be functions."""
    for server in view.stack.of_type(SERVER):
        for details in items(server.property("WorkflowDetails", "OnUpload")):
            workflow = view.stack.named(details.get("WorkflowId"), WORKFLOW)
            steps = view.stack.resources[workflow].property("Steps") if workflow else None
            for step in items(steps):
                function, role = mapping(step.get("CustomStepDetails")).get("Target"), details.get("ExecutionRole")
                yield from view.delivery("trigger", server.id, function, server, sender="transfer", role=role)


SERVICE = Service(
    key="transfer",
    name="AWS Transfer Family",
    actions="transfer",
    types=(
        ResourceType(
            SERVER,
            Naming(
                arn="arn:aws:transfer:{region}:{account}:server/{name}", ref="{arn}", attributes={"ServerId": "{name}"}
            ),
            pictured=True,
        ),
        ResourceType(WORKFLOW, Naming(arn="arn:aws:transfer:{region}:{account}:workflow/{name}")),
    ),
    parts=(USER, "AWS::Transfer::Connector", "AWS::Transfer::Profile", "AWS::Transfer::Agreement"),
    finders=(files, workflows),
)
