"""Every mistake that a lever can have is named with file, line and remedy."""

import pytest

from tests.patterns.support.drafts import Draft, expect_one

LEVERS = """
levers:
  - id: close-it
    title: Close the worker
    notice: No function fetches orders now.
    pull:
      action: disable-event-source
      resource: WorkerSource
    released: Open the worker
    release:
      action: enable-event-source
      resource: WorkerSource
    shows:
      request:
        method: GET
        path: /hello/{{uuid}}
      expect:
        status: 200
      observe:
        - resource: WorkerFunction
          measure: invocations
          equals: 0
    restored:
      observe:
        - resource: OrdersQueue
          measure: messages
          equals: 0
  - id: purge-it
    title: Purge the queue
    notice: What waited is gone.
    pull:
      action: purge
      resource: OrdersQueue
    shows:
      observe:
        - resource: OrdersQueue
          measure: visible
          equals: 0
"""
DISABLE = "action: disable-event-source\n      resource: WorkerSource"
ENABLE = "action: enable-event-source\n      resource: WorkerSource"
RELEASED = "    released: Open the worker\n    release:\n      " + ENABLE + "\n"


@pytest.fixture
def levered(queued: Draft) -> Draft:
    queued.append("demo.yaml", LEVERS)
    return queued


def test_a_lever_with_its_inverse_and_something_to_see_is_fine(levered: Draft) -> None:
    assert levered.mistakes() == []


@pytest.mark.parametrize(
    ("old", "new", "at", "id", "message", "remedy"),
    [
        (
            "id: purge-it",
            "id: close-it",
            "id: close-it\n    title: Purge",
            "E035",
            "`close-it` is taken",
            "no step or other lever",
        ),
        ("id: purge-it", "id: say-hello", "id: say-hello\n    title: Purge", "E035", "`say-hello` is taken", "no step"),
        (
            DISABLE,
            DISABLE.replace("Source", "Sources"),
            "WorkerSources",
            "E032",
            "not in template.yaml",
            "WorkerSource",
        ),
        (
            ENABLE,
            ENABLE.replace("WorkerSource", "OrdersQueue"),
            "enable-event-source",
            "E032",
            "AWS::SQS::Queue",
            "WorkerSource",
        ),
        (
            "      resource: OrdersQueue\n    shows",
            "      resource: OrdersTable\n    shows",
            "OrdersTable",
            "E032",
            "a queue",
            "Fail",
        ),
        ("action: purge", "action: purge\n      value: 3", "value: 3", "E035", "does not use `value`", "Leave it out"),
        (
            ENABLE,
            DISABLE,
            "release:",
            "E035",
            "does not undo `pull`",
            "{action: enable-event-source, resource: WorkerS",
        ),
        ("restored:", "restored_:", "restored_:", "E003", "restored_", "restored"),
        (
            "/hello/{{uuid}}",
            "/bye/{{uuid}}",
            "/bye",
            "E035",
            "for which template.yaml has no route",
            "GET /hello/{name}",
        ),
        ("{{uuid}}", "{{name}}", "{{name}}", "E035", "uses `{{name}}`", "Write the value itself"),
        ("        status: 200", "        body: {a: '{{uuid}}'}", "expect:", "E035", "uses `{{uuid}}`", "nothing"),
        ("measure: visible", "measure: items", "measure: items", "E032", "needs a table", "OrdersTable"),
        (
            "        path: /hello/{{uuid}}",
            "        path: /hello/{{uuid}}\n        at_once: 4",
            "at_once",
            "E035",
            "only 1 calls",
            "smaller",
        ),
    ],
)
def test_a_lever_fits_the_template(
    levered: Draft, old: str, new: str, at: str, id: str, message: str, remedy: str
) -> None:
    steps, levers = levered.text("demo.yaml").split("levers:\n")
    levers = levers.replace(old, new, 1)
    levered.write("demo.yaml", f"{steps}levers:\n{levers}")
    found = [mistake for mistake in levered.mistakes() if message in mistake.message]
    assert [(mistake.id, mistake.file.name) for mistake in found] == [(f"patterns.{id}", "demo.yaml")]
    assert remedy in found[0].remedy
    line = steps.count("\n") + levers.count("\n", 0, levers.index(at)) + 2
    assert abs(found[0].line - line) <= 1


def test_what_can_be_undone_has_a_way_back(levered: Draft) -> None:
    levered.replace("demo.yaml", RELEASED, "")
    levered.replace("demo.yaml", LEVERS[LEVERS.index("    restored:") : LEVERS.index("  - id: purge-it")], "")
    expect_one(
        levered.mistakes(),
        id="patterns.E035",
        file="demo.yaml",
        line=levered.line_of("demo.yaml", "    pull:"),
        message="`disable-event-source` can be undone",
        remedy="Add `release: {action: enable-event-source, resource: WorkerSource}` and `released`.",
    )


def test_what_happens_once_has_none(levered: Draft) -> None:
    levered.replace(
        "demo.yaml",
        "      action: purge\n      resource: OrdersQueue\n",
        "      action: purge\n      resource: OrdersQueue\n"
        "    released: Fill it\n    release: {action: purge, resource: OrdersQueue}\n"
        "    restored: {observe: [{resource: OrdersQueue, measure: visible, equals: 0}]}\n",
    )
    expect_one(
        levered.mistakes(),
        id="patterns.E035",
        file="demo.yaml",
        line=levered.line_of("demo.yaml", "    release: {action: purge"),
        message="Nothing undoes `purge`",
        remedy="Remove `release`",
    )


def test_a_lever_claims_something_for_both_states(levered: Draft) -> None:
    restored = LEVERS[LEVERS.index("    restored:") : LEVERS.index("  - id: purge-it")]
    levered.replace("demo.yaml", restored, "")
    expect_one(
        levered.mistakes(),
        id="patterns.E035",
        file="demo.yaml",
        line=levered.line_of("demo.yaml", "  - id: close-it"),
        message="asserts nothing for when it is released",
        remedy="State in `restored` what must be observed",
    )


def test_what_happens_once_is_not_looked_at_afterwards(levered: Draft) -> None:
    levered.append("demo.yaml", "    restored: {observe: [{resource: OrdersQueue, measure: visible, equals: 0}]}\n")
    expect_one(
        levered.mistakes(),
        id="patterns.E035",
        file="demo.yaml",
        line=levered.line_of("demo.yaml", "    restored: {observe"),
        message="cannot be released",
        remedy="Leave `restored` out",
    )


@pytest.mark.parametrize(
    ("pull", "release", "right"),
    [
        (
            "{action: set-concurrency, resource: WorkerFunction, value: 0}",
            "{action: set-concurrency, resource: WorkerFunction, value: 5}",
            "{action: clear-concurrency, resource: WorkerFunction}",
        ),
        (
            "{action: set-batch-size, resource: WorkerSource, value: 1}",
            "{action: set-batch-size, resource: WorkerSource, value: 5}",
            "{action: set-batch-size, resource: WorkerSource, value: 10}",
        ),
        (
            '{action: revoke-permission, resource: WorkerFunction, name: "dynamodb:PutItem", to: OrdersTable}',
            '{action: restore-permission, resource: WorkerFunction, name: "dynamodb:GetItem", to: OrdersTable}',
            '{action: restore-permission, resource: WorkerFunction, to: OrdersTable, name: "dynamodb:PutItem"}',
        ),
    ],
)
def test_the_inverse_puts_back_what_the_template_says(levered: Draft, pull: str, release: str, right: str) -> None:
    levered.replace("demo.yaml", "pull:\n      " + DISABLE, f"pull: {pull}")
    levered.replace("demo.yaml", "release:\n      " + ENABLE, f"release: {release}")
    expect_one(
        levered.mistakes(),
        id="patterns.E035",
        file="demo.yaml",
        line=levered.line_of("demo.yaml", "    release:"),
        message="`release` does not undo `pull`",
        remedy=f"Write `release: {right}`.",
    )
    levered.replace("demo.yaml", f"release: {release}", f"release: {right}")
    assert levered.mistakes() == []


def test_an_inverse_that_the_template_does_not_tell_is_refused(levered: Draft) -> None:
    levered.replace(
        "demo.yaml",
        "pull:\n      " + DISABLE,
        "pull: {action: set-environment, resource: WorkerFunction, name: TABLE_NAME, value: other}",
    )
    (mistake,) = levered.mistakes()
    assert "is not in template.yaml" in mistake.message  # it is a Ref
    assert mistake.id == "patterns.E035"
