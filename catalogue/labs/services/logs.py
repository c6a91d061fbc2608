"""CloudWatch Logs in labs: log groups of a template's own. What is written to logs is counted by `cloudwatch`."""

import re

from catalogue.labs.services.model import ClientOf, LabService, Leftover


def delete(client: ClientOf, arn: str) -> None:
    client("logs").delete_log_group(logGroupName=arn.partition(":log-group:")[2].removesuffix(":*"))


SERVICE = LabService(
    key="logs",
    clients=("logs",),
    on_aws=("AWS::Logs::LogGroup",),
    leftovers=(Leftover(re.compile(r"arn:[^:]+:logs:[^:]+:\d{12}:log-group:.+"), delete),),
)
