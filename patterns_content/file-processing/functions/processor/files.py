"""The row of each key: which event of it was processed last, and with what result."""

import os
from typing import Any

import boto3

LONGEST = 64
"""Digits to which sequencers are padded. S3's have 16 to 18."""

dynamodb = boto3.client("dynamodb")


# region seen
def padded(sequencer: str) -> str:
    """Sequencers have different lengths. Padded with zeros on the right, they compare as texts do."""
    if len(sequencer) > LONGEST:
        raise ValueError(f"a sequencer of {len(sequencer)} digits")
    return sequencer.upper().ljust(LONGEST, "0")


def seen(key: str, sequencer: str) -> str | None:
    """`repeated` if this event was processed before, `overtaken` if a newer one of the same key was, else None."""
    row = dynamodb.get_item(TableName=os.environ["FILES_TABLE"], Key={"file": {"S": key}}, ConsistentRead=True)
    last = row.get("Item", {}).get("sequencer", {}).get("S", "")
    if last == padded(sequencer):
        return "repeated"
    return "overtaken" if last > padded(sequencer) else None


def record(key: str, sequencer: str, facts: dict[str, Any]) -> bool:
    """Write the row, unless a newer event of this key wrote it in the meantime. False then."""
    try:
        dynamodb.put_item(
            TableName=os.environ["FILES_TABLE"],
            Item={
                "file": {"S": key},
                "sequencer": {"S": padded(sequencer)},
                **{name: {"N" if isinstance(value, int) else "S": str(value)} for name, value in facts.items()},
            },
            ConditionExpression="attribute_not_exists(sequencer) OR sequencer <= :this",
            ExpressionAttributeValues={":this": {"S": padded(sequencer)}},
        )
    except dynamodb.exceptions.ConditionalCheckFailedException:
        return False
    return True


# endregion
