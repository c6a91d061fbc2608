"""Amazon EFS: file systems that functions and tasks mount."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses

_ARN = "arn:aws:elasticfilesystem:{region}:{account}:file-system/{name}"

SERVICE = Service(
    key="efs",
    name="Amazon EFS",
    actions="elasticfilesystem",
    types=(
        ResourceType("AWS::EFS::FileSystem", Naming(arn=_ARN, attributes={"FileSystemId": "{name}"}), pictured=True),
        ResourceType("AWS::EFS::AccessPoint", Naming("FileSystemId", _ARN + "/{id}", ref="{id}", part=True)),
    ),
    parts=("AWS::EFS::MountTarget",),
    uses=Uses(writes=("ClientWrite",)),
)
