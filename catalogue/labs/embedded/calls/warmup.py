"""The emulator's first deployment loads its translator and services; this one takes that from the first visitor."""

import json
import urllib.parse
import urllib.request

from catalogue.labs.embedded.access.boot_keys import BootKeys

_STACK = "catalogue-warm-up"
_TEMPLATE = {
    "AWSTemplateFormatVersion": "2010-09-09",
    "Transform": "AWS::Serverless-2016-10-31",
    "Resources": {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Table": {
            "Type": "AWS::DynamoDB::Table",
            "Properties": {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            },
        },
        "Api": {"Type": "AWS::ApiGateway::RestApi", "Properties": {"Name": _STACK}},
        "Function": {
            "Type": "AWS::Serverless::Function",
            "Properties": {
                "FunctionName": _STACK,
                "Runtime": "python3.13",
                "Handler": "index.handler",
                "InlineCode": "import boto3\n\n\ndef handler(event, context):\n    print('warm')\n    return {}\n",
            },
        },
    },
}


def warm_up(url: str, keys: BootKeys) -> None:
    """Deploy a small stack at the emulator's `url`, call its function once and delete it all. Raises OSError."""
    _query(
        url,
        keys,
        "CreateStack",
        TemplateBody=json.dumps(_TEMPLATE),
        Capabilities=("CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"),
    )
    _call(url, keys, "lambda", "POST", f"/2015-03-31/functions/{_STACK}/invocations", b"{}")
    _call(url, keys, "lambda", "DELETE", f"/2015-03-31/functions/{_STACK}")
    _query(url, keys, "DeleteStack")
    body = json.dumps({"logGroupName": f"/aws/lambda/{_STACK}"}).encode()
    _call(
        url,
        keys,
        "logs",
        "POST",
        "/",
        body,
        {"X-Amz-Target": "Logs_20140328.DeleteLogGroup", "Content-Type": "application/x-amz-json-1.1"},
    )


def _query(url: str, keys: BootKeys, action: str, *, Capabilities: tuple[str, ...] = (), **parameters: str) -> None:
    fields = {"Action": action, "Version": "2010-05-15", "StackName": _STACK, **parameters}
    fields |= {f"Capabilities.member.{n}": value for n, value in enumerate(Capabilities, 1)}
    body = urllib.parse.urlencode(fields).encode()
    _call(url, keys, "cloudformation", "POST", "/", body, {"Content-Type": "application/x-www-form-urlencoded"})


def _call(
    url: str,
    keys: BootKeys,
    service: str,
    method: str,
    path: str,
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
) -> None:
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    signed = AWSRequest(method, url + path, headers or {}, body or b"")
    SigV4Auth(Credentials(*keys), service, "us-east-1").add_auth(signed)
    request = urllib.request.Request(  # noqa: S310 (an address of this process)
        url + path, data=body, method=method, headers=dict(signed.headers)
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
        response.read()
