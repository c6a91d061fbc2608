"""A small valid pattern in a folder of its own, to break in one place and see what the checks say."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from catalogue.patterns.cloudformation.template import Template, read_template
from catalogue.patterns.content.checks import content_mistakes
from catalogue.patterns.content.parsing.mistakes import ContentError
from catalogue.patterns.content.pattern import Pattern, load_pattern
from catalogue.patterns.content.starting import start_pattern
from catalogue.patterns.services.api_gateway.deployments import stamped

QUEUE_RESOURCES = """
  OrdersQueue:
    Type: AWS::SQS::Queue
    Properties:
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt FailedOrders.Arn
        maxReceiveCount: 3

  FailedOrders:
    Type: AWS::SQS::Queue

  WorkerFunction:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: functions/worker/
      Handler: app.handler
      Runtime: python3.13
      Environment:
        Variables:
          TABLE_NAME: !Ref OrdersTable
      Policies:
        - Version: "2012-10-17"
          Statement:
            - Effect: Allow
              Action: dynamodb:PutItem
              Resource: !GetAtt OrdersTable.Arn
            - Effect: Allow
              Action: [sqs:ReceiveMessage, sqs:DeleteMessage, sqs:GetQueueAttributes]
              Resource: !GetAtt OrdersQueue.Arn

  WorkerSource:
    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt OrdersQueue.Arn
      FunctionName: !Ref WorkerFunction

  OrdersTable:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
"""
QUEUE_NODES = """
  - id: OrdersQueue
    label: Orders queue
    at: [0, 1]
  - id: FailedOrders
    label: Failed orders
    at: [0, 2]
  - id: WorkerFunction
    label: Worker
    at: [1, 1]
  - id: OrdersTable
    label: Orders table
    at: [2, 1]
"""
QUEUE_EDGES = """
  - source: OrdersQueue
    target: WorkerFunction
    kind: async
    by: event-source
  - source: OrdersQueue
    target: FailedOrders
    kind: async
    by: redrive
  - source: WorkerFunction
    target: OrdersTable
    by: environment
"""
QUEUE_FLOW = """
  - edges: [OrdersQueue>WorkerFunction, WorkerFunction>OrdersTable]
    text: The worker takes an order and keeps it.
  - edges: [OrdersQueue>FailedOrders]
    text: An order that fails three times is set aside.
"""


@dataclass(frozen=True)
class Draft:
    folder: Path

    def text(self, file: str) -> str:
        return (self.folder / file).read_text("utf-8")

    def write(self, file: str, text: str) -> None:
        path = self.folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")

    def replace(self, file: str, old: str, new: str) -> None:
        text = self.text(file)
        assert text.count(old) >= 1, f"{file} has no {old!r}"
        self.write(file, text.replace(old, new, 1))

    def append(self, file: str, text: str) -> None:
        self.write(file, self.text(file) + text)

    def line_of(self, file: str, text: str) -> int:
        """Line of the first occurrence of a text in a file."""
        whole = self.text(file)
        return whole.count("\n", 0, whole.index(text)) + 1

    def mistakes(self, *, stamp: bool = True) -> list[ContentError]:
        """What the checks find, once deployments are named as `make format` would name them."""
        if stamp:
            self.stamp_deployments()
        return content_mistakes(self.folder.parent)

    def stamp_deployments(self) -> None:
        for path in (self.folder / "template.yaml", self.folder / "naive.yaml"):
            with suppress(OSError, ValueError, ContentError):
                path.write_text(stamped(read_template(path, path.read_text("utf-8"))), "utf-8")

    def pattern(self) -> Pattern:
        return load_pattern(self.folder)

    def add_queue(self) -> None:
        """Give it a queue with a dead-letter queue, a worker and a table, all drawn."""
        self.replace("template.yaml", "\nOutputs:", QUEUE_RESOURCES + "\nOutputs:")
        self.replace("diagram.yaml", "\nedges:", QUEUE_NODES + "\nedges:")
        self.replace("diagram.yaml", "\nflow:", QUEUE_EDGES + "\nflow:")
        self.append("diagram.yaml", QUEUE_FLOW)
        self.write("functions/worker/app.py", "def handler(event, context):\n    return None\n")


def draft(content: Path, slug: str = "sample-pattern") -> Draft:
    return Draft(start_pattern(content, slug, date(2026, 11, 23)))


def template(resources: str) -> Template:
    """A template from the text under its `Resources:`."""
    return read_template(Path("template.yaml"), f"Resources:\n{resources}")


def expect_one(mistakes: list[ContentError], *, id: str, file: str, line: int, message: str, remedy: str) -> None:
    """There is exactly this mistake; message and remedy need only hold the given texts."""
    assert [(mistake.id, mistake.file.name, mistake.line) for mistake in mistakes] == [(id, Path(file).name, line)], (
        "\n".join(map(str, mistakes))
    )
    assert message in mistakes[0].message
    assert remedy in mistakes[0].remedy
