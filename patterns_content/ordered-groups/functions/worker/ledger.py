"""The ledger: for each card one row with its balance, and one row for each entry."""

import os
import re
import time
from typing import Any

import boto3

BALANCE = "#balance"
"""The sort key of the row with the balance. No entry can have this name."""

CARD = re.compile(r"[A-Za-z0-9-]{1,64}")
ENTRY = re.compile(r"[A-Za-z0-9-]{1,64}")  # the same as in the API's model, because the queue may have other senders
MOST = 1000  # the same

dynamodb = boto3.client("dynamodb")


class CannotBook(Exception):
    """This entry can never be booked, and a retry will not change that."""


# region book
def book(card: str, entry: dict[str, Any], sequence: str) -> str:
    """Book an entry once: "booked", "refused" if the balance is too low, "repeated" if it is in the ledger already.

    The entry's row and the new balance are one transaction. SQS removes a duplicate only within five minutes; the
    row's condition recognizes it at any time.
    """
    if not CARD.fullmatch(card) or not ENTRY.fullmatch(entry["entry"]):
        raise CannotBook("the card or the entry has a name that cannot be used")
    if entry["amount"] == 0 or abs(entry["amount"]) > MOST:
        raise CannotBook(f"entry {entry['entry']} has an amount of 0 or of more than {MOST}")
    try:
        dynamodb.transact_write_items(
            TransactItems=[
                {"Put": _row(card, entry, sequence, "booked")},
                {"Update": _new_balance(card, entry["amount"])},
            ]
        )
    except dynamodb.exceptions.TransactionCanceledException as error:
        reasons = [reason.get("Code") for reason in error.response["CancellationReasons"]]
        if reasons[0] == "ConditionalCheckFailed":
            return "repeated"
        if reasons[1] == "ConditionalCheckFailed":
            return _refuse(card, entry, sequence)
        raise
    return "booked"


# endregion


def _refuse(card: str, entry: dict[str, Any], sequence: str) -> str:
    """Store that the entry was refused, so that a duplicate finds the same outcome."""
    try:
        dynamodb.put_item(**_row(card, entry, sequence, "refused"))
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return "repeated"
    return "refused"


def _row(card: str, entry: dict[str, Any], sequence: str, state: str) -> dict[str, Any]:
    return {
        "TableName": os.environ["LEDGER_TABLE"],
        "Item": {
            "card": {"S": card},
            "entry": {"S": entry["entry"]},
            "amount": {"N": str(entry["amount"])},
            "state": {"S": state},
            "sequence": {"S": sequence},
            "at": {"N": str(time.time())},
        },
        "ConditionExpression": "attribute_not_exists(entry)",
    }


def _new_balance(card: str, amount: int) -> dict[str, Any]:
    """Add the amount. A spend needs a balance that covers it."""
    update: dict[str, Any] = {
        "TableName": os.environ["LEDGER_TABLE"],
        "Key": {"card": {"S": card}, "entry": {"S": BALANCE}},
        "UpdateExpression": "ADD balance :amount",
        "ExpressionAttributeValues": {":amount": {"N": str(amount)}},
    }
    if amount < 0:
        update["ConditionExpression"] = "balance >= :price"
        update["ExpressionAttributeValues"][":price"] = {"N": str(-amount)}
    return update
