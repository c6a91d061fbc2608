"""The name of a resource, out of whatever names it: a physical id of CloudFormation, an ARN, a queue's address."""

import re

_SECRET_SUFFIX = re.compile(r"-[A-Za-z0-9]{6}$")


def plain_name(service: str, name: str) -> str:
    """The name in an ARN, a URL or a name: `orders` of `https://sqs…/000000000000/orders`."""
    if service == "secrets-manager":
        tail = name.rsplit(":secret:", 1)
        return _SECRET_SUFFIX.sub("", tail[1]) if len(tail) == 2 else name
    if service == "dynamodb" and name.startswith("arn:"):
        return name.partition(":table/")[2].partition("/")[0]
    return re.split(r"[/:]", name)[-1]
