"""Amazon QLDB: ledgers."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses

SERVICE = Service(
    key="qldb",
    name="Amazon QLDB",
    actions="qldb",
    types=(
        ResourceType(
            "AWS::QLDB::Ledger", Naming("Name", "arn:aws:qldb:{region}:{account}:ledger/{name}"), pictured=True
        ),
    ),
    parts=("AWS::QLDB::Stream",),
    uses=Uses(reads=("PartiQLSelect",), writes=("SendCommand", "PartiQLInsert", "PartiQLUpdate", "PartiQLDelete")),
)
