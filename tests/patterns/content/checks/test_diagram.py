import pytest
from pydantic import ValidationError

from catalogue.patterns.content.schemas.pattern import Counter
from tests.patterns.support.drafts import Draft, expect_one

CASES = [
    (
        "diagram.yaml",
        "id: OrdersTable",
        "id: OrderTable",
        "id: OrderTable",
        "E021",
        "not a resource of template.yaml",
        "Did you mean `OrdersTable`?",
    ),
    (
        "diagram.yaml",
        "at: [1, 1]",
        "at: [0, 1]",
        "at: [0, 1]\n  - id: OrdersTable",
        "E025",
        "where `OrdersQueue` is already",
        "its own place",
    ),
    (
        "diagram.yaml",
        "target: WorkerFunction",
        "target: WorkFunction",
        "target: WorkFunction",
        "E022",
        "ends at `WorkFunction`",
        "The nodes are",
    ),
    (
        "diagram.yaml",
        "by: outside",
        "by: integration",
        "by: integration",
        "E022",
        "`Client` is an actor",
        "by: outside",
    ),
    (
        "diagram.yaml",
        "    kind: async\n    by: redrive",
        "    by: redrive",
        "source: OrdersQueue\n    target: FailedOrders",
        "E022",
        "redrive is asynchronous",
        "kind: async",
    ),
    (
        "diagram.yaml",
        "by: redrive",
        "by: subscription",
        "source: OrdersQueue\n    target: FailedOrders",
        "E022",
        "a subscription of the topic",
        "`OrdersQueue>FailedOrders` by `redrive`",
    ),
    (
        "diagram.yaml",
        "source: OrdersQueue\n    target: FailedOrders",
        "source: FailedOrders\n    target: OrdersQueue",
        "source: FailedOrders",
        "E022",
        "`RedrivePolicy` of the queue `FailedOrders`",
        "`OrdersQueue>FailedOrders` by `redrive`",
    ),
    (
        "template.yaml",
        "TABLE_NAME: !Ref OrdersTable",
        "TABLE_NAME: orders",
        "",
        "E022",
        "The permission is there, but no environment variable refers to it",
        "`WorkerFunction>OrdersTable` by `policy` (in WorkerFunction): draw that",
    ),
    (
        "template.yaml",
        "Action: dynamodb:PutItem",
        "Action: s3:PutObject",
        "",
        "E022",
        "`WorkerFunction` has a part of it, but no permission for a use of it (dynamodb:…)",
        "Add what is needed",
    ),
    (
        "template.yaml",
        "EventSourceArn: !GetAtt OrdersQueue.Arn",
        "EventSourceArn: !GetAtt FailedOrders.Arn",
        "",
        "E022",
        "an event source mapping from `OrdersQueue`",
        "the template has `OrdersQueue>WorkerFunction` by `polling` (in WorkerFunction)",
    ),
    (
        "diagram.yaml",
        "edges: [OrdersQueue>FailedOrders]",
        "edges: [OrdersQueue>FailedOrder]",
        "[OrdersQueue>FailedOrder]",
        "E024",
        "which is not drawn",
        "Did you mean `OrdersQueue>FailedOrders`?",
    ),
]


@pytest.mark.parametrize(("file", "old", "new", "at", "id", "message", "remedy"), CASES)
def test_the_picture_and_the_template_agree(
    queued: Draft, file: str, old: str, new: str, at: str, id: str, message: str, remedy: str
) -> None:
    queued.replace(file, old, new)
    mistakes = [mistake for mistake in queued.mistakes() if message in mistake.message]
    assert len(mistakes) == 1, "\n".join(map(str, queued.mistakes()))
    (mistake,) = mistakes
    assert (mistake.id, mistake.file.name) == (f"patterns.{id}", "diagram.yaml")
    assert remedy in mistake.remedy
    if at:
        # A node's `at` and an edge's `by` stand a line or two below its beginning.
        assert abs(mistake.line - queued.line_of("diagram.yaml", at)) <= 1


def test_an_actor_does_not_take_a_resources_name(queued: Draft) -> None:
    queued.replace("diagram.yaml", "id: FailedOrders", "id: FailedOrders\n    actor: system")
    found = {mistake.id: mistake for mistake in queued.mistakes()}
    assert found["patterns.E021"].line == queued.line_of("diagram.yaml", "actor: system")
    assert "has the same name as a resource" in found["patterns.E021"].message


def test_a_resource_that_moves_data_is_in_the_picture(queued: Draft) -> None:
    queued.replace("template.yaml", "\nOutputs:", "\n  Events:\n    Type: AWS::SNS::Topic\n\nOutputs:")
    expect_one(
        queued.mistakes(),
        id="patterns.E023",
        file="diagram.yaml",
        line=queued.line_of("diagram.yaml", "nodes:"),
        message="`Events` (AWS::SNS::Topic) moves data",
        remedy="id: Events",
    )


def test_plumbing_need_not_be_in_the_picture(queued: Draft) -> None:
    queued.replace("template.yaml", "\nOutputs:", "\n  Logs:\n    Type: AWS::Logs::LogGroup\n\nOutputs:")
    assert queued.mistakes() == []


def test_every_drawn_edge_is_reported(queued: Draft) -> None:
    queued.replace(
        "diagram.yaml",
        "[OrdersQueue>WorkerFunction, WorkerFunction>OrdersTable]",
        "[OrdersQueue>WorkerFunction]",
    )
    expect_one(
        queued.mistakes(),
        id="patterns.E024",
        file="diagram.yaml",
        line=queued.line_of("diagram.yaml", "- source: WorkerFunction"),
        message="No step of the flow mentions the edge WorkerFunction>OrdersTable",
        remedy="edges: [WorkerFunction>OrdersTable]",
    )


def test_a_node_that_no_edge_touches_is_named(queued: Draft) -> None:
    queued.replace(
        "diagram.yaml",
        "\nedges:",
        "  - id: Phone\n    label: Phone\n    actor: person\n    at: [5, 4]\n\nedges:",
    )
    expect_one(
        queued.mistakes(),
        id="patterns.E021",
        file="diagram.yaml",
        line=queued.line_of("diagram.yaml", "id: Phone"),
        message="No edge touches the node `Phone`",
        remedy="remove it",
    )


def test_an_edge_is_drawn_once(queued: Draft) -> None:
    again = "  - source: OrdersQueue\n    target: FailedOrders\n    kind: async\n    by: redrive # again\n"
    queued.replace("diagram.yaml", "\nflow:", again + "\nflow:")
    expect_one(
        queued.mistakes(),
        id="patterns.E025",
        file="diagram.yaml",
        line=queued.line_of("diagram.yaml", "by: redrive # again") - 3,
        message="OrdersQueue>FailedOrders is drawn twice",
        remedy="Keep one",
    )


def test_what_lies_outside_has_an_actor_at_one_end(queued: Draft) -> None:
    queued.replace("diagram.yaml", "by: integration", "by: outside # really")
    expect_one(
        queued.mistakes(),
        id="patterns.E022",
        file="diagram.yaml",
        line=queued.line_of("diagram.yaml", "# really"),
        message="joins two resources",
        remedy="exactly one end",
    )


def test_a_node_is_drawn_once(queued: Draft) -> None:
    queued.replace("diagram.yaml", "\nedges:", "  - id: OrdersTable\n    label: Again\n    at: [5, 4]\n\nedges:")
    expect_one(
        queued.mistakes(),
        id="patterns.E025",
        file="diagram.yaml",
        line=queued.line_of("diagram.yaml", "label: Again") - 1,
        message="`OrdersTable` is drawn twice",
        remedy="Keep one",
    )


def test_an_edge_of_a_misnamed_node_is_not_complained_of_too(queued: Draft) -> None:
    text = queued.text("diagram.yaml").replace("OrdersTable", "OrderTable")
    queued.write("diagram.yaml", text)
    assert {mistake.id for mistake in queued.mistakes()} == {"patterns.E021", "patterns.E023"}


def test_only_an_environment_edge_speaks_of_variables(queued: Draft) -> None:
    queued.replace("template.yaml", "FunctionName: !Ref WorkerFunction", "FunctionName: !Ref WebFunction")
    (mistake,) = [one for one in queued.mistakes() if one.file.name == "diagram.yaml"]
    assert "event source mapping" in mistake.message
    assert "variable" not in mistake.message


@pytest.mark.parametrize(
    ("counter", "message", "remedy"),
    [
        ("{node: Queue, label: retried, step: order}", "stands at `Queue`, which is not a node", "The nodes are"),
        ("{node: OrdersQueue, label: kept, without: Worker}", "waits for `Worker`", "WorkerFunction"),
        ("{node: OrdersQueue, label: kept, step: never.logged}", "logs the step `never.logged`", "handler's source"),
    ],
)
def test_a_counter_counts_what_the_pattern_can_do_at_a_node(
    queued: Draft, counter: str, message: str, remedy: str
) -> None:
    queued.write("diagram.yaml", f"{queued.text('diagram.yaml')}\ncounters:\n  - {counter}\n")
    (mistake,) = [mistake for mistake in queued.mistakes() if message in mistake.message]
    assert mistake.file.name == "diagram.yaml"
    assert remedy in mistake.remedy
    assert mistake.line == queued.line_of("diagram.yaml", f"- {counter}")


def test_a_counter_counts_one_thing() -> None:
    with pytest.raises(ValidationError, match="give step or without"):
        Counter.model_validate({"node": "Queue", "label": "kept"})
