import json
import os


def _answer(event, context):
    return {
        "statusCode": 200,
        "body": json.dumps({name: os.environ.get(name) for name in ("SHARED", "LIMIT", "DEBUG")}),
    }


handler = _answer
