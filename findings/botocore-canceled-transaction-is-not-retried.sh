#!/usr/bin/env bash
# botocore: of the three errors by which DynamoDB reports transactions in each other's way, only one is retried.
#
# Seen with boto3 and botocore 1.43.106, in each of the retry modes legacy, standard and adaptive: a request refused with
# TransactionInProgressException is sent again. TransactionCanceledException is not, not even when its only reason is
# TransactionConflict. Neither is TransactionConflictException, which a plain PutItem gets when a transaction holds its
# item. So where two writers meet, the caller has to retry, although "the SDK retries" what looks like the same.
#
# Needs Python 3.10 or newer and the package index. Ends with 1 if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "boto3==1.43.106" "botocore==1.43.106"
"$folder/venv/bin/python" - <<'PYTHON'
import http.server
import json
import sys
import threading

import boto3
import botocore
from botocore.config import Config
from botocore.exceptions import ClientError


class Refusing(http.server.BaseHTTPRequestHandler):
    """Refuses each request with the same error, and counts them."""

    body, seen = b"", 0

    def do_POST(self):
        Refusing.seen += 1
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(400)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, *args):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
threading.Thread(target=server.serve_forever, daemon=True).start()
ITEM = {"TableName": "orders", "Item": {"id": {"S": "1"}}}
CONFLICT = [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}]


def requests_sent(mode, error, members):
    Refusing.seen = 0
    kind = "com.amazonaws.dynamodb.v20120810#" + error
    Refusing.body = json.dumps({"__type": kind, "Message": "refused", **members}).encode()
    client = boto3.client(
        "dynamodb",
        endpoint_url=f"http://127.0.0.1:{server.server_port}",
        region_name="us-east-1",
        aws_access_key_id="key",
        aws_secret_access_key="secret",
        config=Config(retries={"mode": mode, "total_max_attempts": 3}),
    )
    try:
        if error == "TransactionConflictException":
            client.put_item(**ITEM)
        else:
            client.transact_write_items(TransactItems=[{"Put": ITEM}])
    except ClientError as refused:
        assert refused.response["Error"]["Code"] == error
    return Refusing.seen


print(f"botocore {botocore.__version__}: requests sent, of 3 allowed")
expected = {
    ("TransactionInProgressException", 3): {},
    ("TransactionCanceledException", 1): {"CancellationReasons": CONFLICT},
    ("TransactionConflictException", 1): {},
}
as_expected = True
for (error, wanted), members in expected.items():
    sent = {mode: requests_sent(mode, error, members) for mode in ("legacy", "standard", "adaptive")}
    print(f"  {error}: {sent}")
    as_expected &= set(sent.values()) == {wanted}
sys.exit(not as_expected)
PYTHON
