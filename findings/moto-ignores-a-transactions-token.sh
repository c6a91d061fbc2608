#!/usr/bin/env bash
# moto: a DynamoDB transaction that is sent twice with the same ClientRequestToken is done twice.
#
# Seen with moto 5.2.5: two TransactWriteItems with one ClientRequestToken, each adding 1, leave 2. On AWS a repeated call
# with the same token changes nothing for ten minutes, and succeeds. One with other items and the same token gets
# IdempotentParameterMismatchException, which moto does not raise either
# (https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html, read 2026-11-30).
# So on moto a test of code that relies on the token fails although the code is right, and code that misuses it passes.
#
# Needs Python 3.10 or newer and the package index. Ends with 1 if that is no longer so.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet --disable-pip-version-check "moto[dynamodb]==5.2.5" "boto3==1.43.106"
"$folder/venv/bin/python" - <<'PYTHON'
import sys
from importlib.metadata import version

import boto3
from moto import mock_aws


def add(client, amount):
    update = {
        "TableName": "stock",
        "Key": {"id": {"S": "a"}},
        "UpdateExpression": "ADD pieces :n",
        "ExpressionAttributeValues": {":n": {"N": str(amount)}},
    }
    try:
        client.transact_write_items(ClientRequestToken="one-order", TransactItems=[{"Update": update}])
    except client.exceptions.ClientError as error:
        return error.response["Error"]["Code"]
    read = client.get_item(TableName="stock", Key={"id": {"S": "a"}}, ConsistentRead=True)
    return int(read["Item"]["pieces"]["N"])


with mock_aws():
    client = boto3.client(
        "dynamodb", region_name="us-east-1", aws_access_key_id="key", aws_secret_access_key="secret"
    )
    client.create_table(
        TableName="stock",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    found = [add(client, 1), add(client, 1), add(client, 5)]
print(f"moto {version('moto')}: pieces after each transaction with one ClientRequestToken")
print(f"  add 1, the same again, add 5: {found} (AWS: [1, 1, 'IdempotentParameterMismatchException'])")
sys.exit(found != [1, 2, 7])
PYTHON
