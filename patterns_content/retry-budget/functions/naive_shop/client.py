"""Calls the stock system: four tries in a row, whatever the reason."""

import json
import os
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

TRIES = 4

stock = boto3.client("lambda")


class Unavailable(Exception):
    def __init__(self, tries: int) -> None:
        super().__init__(f"no answer after {tries} tries")
        self.tries = tries


def ask(item: str, trace: str) -> tuple[dict[str, Any], int]:
    for attempt in range(1, TRIES + 1):
        try:
            return invoke({"item": item, "trace": trace, "attempt": attempt}), attempt
        except (ClientError, BotoCoreError, Failed):
            continue
    raise Unavailable(TRIES)


class Failed(Exception):
    """The stock system ran and failed."""


def invoke(question: dict[str, Any]) -> dict[str, Any]:
    response = stock.invoke(FunctionName=os.environ["STOCK_FUNCTION"], Payload=json.dumps(question).encode())
    if "FunctionError" in response:
        raise Failed
    answer: dict[str, Any] = json.load(response["Payload"])
    return answer
