"""Calls the stock system: with a time limit for each try, jittered backoff, and retries that a budget pays for."""

import json
import os
import random
import time
from collections.abc import Callable
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from budget import Budget, budget_of_this_environment

MOST_TRIES = 3
TRY_SECONDS = 2
LONGEST_BACKOFF_SECONDS = 1.0
BACKOFF_SECONDS = 0.1

# The SDK's own retries are off. Otherwise each try here would be up to three there, and no budget would count them.
stock = boto3.client(
    "lambda",
    config=Config(connect_timeout=1, read_timeout=TRY_SECONDS, retries={"total_max_attempts": 1}),
)
budget = budget_of_this_environment()


class Unavailable(Exception):
    """The stock system gave no answer. `tries` is how often it was asked."""

    def __init__(self, tries: int, reason: str) -> None:
        super().__init__(reason)
        self.tries = tries
        self.reason = reason


# region ask
def ask(
    item: str,
    trace: str,
    *,
    budget: Budget = budget,
    send: "Callable[[dict[str, Any]], dict[str, Any]] | None" = None,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[dict[str, Any], int]:
    """The stock system's answer, and how many tries it took. Raises Unavailable."""
    send = send or invoke
    for attempt in range(1, MOST_TRIES + 1):
        try:
            answer = send({"item": item, "trace": trace, "attempt": attempt})
        except (ClientError, BotoCoreError, Failed) as error:
            reason = type(error).__name__
        else:
            budget.succeeded()
            return answer, attempt
        if attempt == MOST_TRIES:
            raise Unavailable(attempt, f"{reason}, {attempt} times")
        if not budget.take():
            raise Unavailable(attempt, f"{reason}, and the retry budget is used up")
        sleep(backoff(attempt))
    raise AssertionError("not reached")


def backoff(attempt: int) -> float:
    """Full jitter: any time up to 0.2, 0.4, 0.8 and then 1 second."""
    return random.uniform(0, min(LONGEST_BACKOFF_SECONDS, BACKOFF_SECONDS * 2**attempt))


# endregion


class Failed(Exception):
    """The stock system ran and failed."""


def invoke(question: dict[str, Any]) -> dict[str, Any]:
    """Ask once. Raises Failed, ClientError, BotoCoreError."""
    response = stock.invoke(FunctionName=os.environ["STOCK_FUNCTION"], Payload=json.dumps(question).encode())
    if "FunctionError" in response:
        raise Failed
    answer: dict[str, Any] = json.load(response["Payload"])
    return answer
