"""Tries what it is asked to: an AWS operation with its own role, an HTTP request, a look around."""

import http.client
import json
import os
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    asked = json.loads(event["body"])
    print(json.dumps({"at": time.time(), "step": "probe", "do": asked["do"]}))
    return {"statusCode": 200, "body": json.dumps(DEEDS[asked.pop("do")](**asked), default=str)}


def aws(service: str, operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """One AWS operation: {"done": answer} or {"refused": code}."""
    try:
        return {"done": getattr(boto3.client(service), operation)(**arguments)}
    except ClientError as error:
        return {"refused": error.response["Error"]["Code"]}


def request(method: str, target: str) -> dict[str, Any]:
    """One HTTP request to the AWS endpoint with this request target, byte for byte as it was asked for."""
    address = urlsplit(os.environ["AWS_ENDPOINT_URL"])
    connection = http.client.HTTPConnection(address.hostname or "", address.port, timeout=5)
    connection._validate_path = lambda path: None  # type: ignore[method-assign]
    connection.putrequest(method, target.replace("ENDPOINT", address.netloc), skip_accept_encoding=True)
    connection.putheader("Content-Length", "2")
    connection.endheaders(b"{}")
    answer = connection.getresponse()
    return {"status": answer.status, "body": answer.read(2000).decode("utf-8", "replace")}


def environment() -> dict[str, Any]:
    """All that stands in this process's environment and in that of the one that started it."""
    said = Path(f"/proc/{os.getppid()}/environ").read_bytes().decode("utf-8", "replace").split("\0")
    arguments = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().decode("utf-8", "replace").split("\0")
    return {"own": dict(os.environ), "parents": said, "arguments": arguments, "folder": str(Path.cwd())}


DEEDS = {"aws": aws, "request": request, "environment": environment}
