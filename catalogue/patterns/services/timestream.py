"""Amazon Timestream: tables of time series."""

from catalogue.patterns.cloudformation.stack.physical import Naming
from catalogue.patterns.services.model import ResourceType, Service, Uses, named_by

SERVICE = Service(
    key="timestream",
    name="Amazon Timestream",
    actions="timestream",
    types=(
        ResourceType(
            "AWS::Timestream::Table",
            Naming(
                "TableName",
                "arn:aws:timestream:{region}:{account}:database/x/table/{name}",
                attributes={"Name": "{name}"},
            ),
            pictured=True,
        ),
    ),
    parts=("AWS::Timestream::Database",),
    calls=named_by("TableName"),
    api=("timestreamwrite", "timestreamquery"),
    uses=Uses(reads=("Select",), writes=("WriteRecords",)),
)
