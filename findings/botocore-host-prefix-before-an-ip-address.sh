#!/usr/bin/env bash
# botocore: some operations put a prefix before the host of an `endpoint_url`, also where that is an IP address.
#
# Seen with boto3 and botocore 1.43.106: with endpoint_url="http://127.0.0.1:4566", Step Functions' start_execution is sent
# to 127.0.0.1, and start_sync_execution to `sync-127.0.0.1`, a name that nothing resolves. So one client reaches a local
# emulator or a VPC endpoint for one call and not for the next. Config(inject_host_prefix=False) leaves the prefix out.
#
# Nothing is sent. Needs Python 3.10 or newer and the package index. Ends with 1 if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "boto3==1.43.106" "botocore==1.43.106"
"$folder/venv/bin/python" - <<'PYTHON'
import sys

import boto3
import botocore
from botocore.config import Config


class NotSent(Exception):
    pass


def address(operation, config=None):
    client = boto3.client(
        "stepfunctions",
        endpoint_url="http://127.0.0.1:4566",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=config,
    )
    seen = []

    def look(request, **_):
        seen.append(request.url)
        raise NotSent

    client.meta.events.register("before-send", look)
    try:
        getattr(client, operation)(stateMachineArn="arn:aws:states:us-east-1:123456789012:stateMachine:orders")
    except NotSent:
        return seen[0]


found = {
    "start_execution": address("start_execution"),
    "start_sync_execution": address("start_sync_execution"),
    "start_sync_execution, inject_host_prefix=False": address(
        "start_sync_execution", Config(inject_host_prefix=False)
    ),
}
print(f"botocore {botocore.__version__}, endpoint_url=http://127.0.0.1:4566: where a request goes")
for what, url in found.items():
    print(f"  {what}: {url}")
expected = ["http://127.0.0.1:4566/", "http://sync-127.0.0.1:4566/", "http://127.0.0.1:4566/"]
sys.exit(list(found.values()) != expected)
PYTHON
