"""Amazon ECS: tasks that others run."""

from collections.abc import Iterator

from catalogue.patterns.cloudformation.arrows.view import View
from catalogue.patterns.cloudformation.stack.evaluation import text_of
from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.cloudformation.stack.stack import items, mapping
from catalogue.patterns.services.model import Caller, Finding, Relation, ResourceType, Service, Uses, named_by

TASK = "AWS::ECS::TaskDefinition"


def tasks(view: View) -> Iterator[Caller]:
    for task in view.stack.of_type(TASK):
        containers = items(task.property("ContainerDefinitions"))
        given = [text_of(one.get("Value")) for container in containers for one in items(container.get("Environment"))]
        yield Caller(task.id, task.property("TaskRoleArn"), tuple(given))


def mounts(view: View) -> Iterator[Finding]:
    """A task reads and writes the file systems that are its volumes."""
    for task in view.stack.of_type(TASK):
        for volume in items(task.property("Volumes")):
            system = mapping(volume.get("EFSVolumeConfiguration")).get("FilesystemId")
            found = view.stack.named(system, "AWS::EFS::FileSystem")
            if found is not None:
                yield Relation("mount", task.id, found, task.id, True)


SERVICE = Service(
    key="ecs",
    name="Amazon ECS",
    actions="ecs",
    types=(
        ResourceType(
            TASK,
            Naming("Family", "arn:aws:ecs:{region}:{account}:task-definition/{name}", ref="{arn}"),
            pictured=True,
            works=False,
        ),
    ),
    parts=("AWS::ECS::Cluster", "AWS::ECS::CapacityProvider"),
    uses=Uses(writes=("RunTask",)),
    calls=named_by("TaskDefinition", "taskDefinition"),
    callers=tasks,
    finders=(mounts,),
)
