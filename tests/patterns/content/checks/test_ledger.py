"""E075 and E076: a published lab keeps a ledger whose rows point at steps and levers that claim something."""

import pytest

from tests.patterns.support.drafts import Draft, expect_one

LEDGER = """\
rows:
{rows}"""
ROW = """\
  - id: {id}
    behavior: What a GET to a known path answers
    documented: The function's answer is passed on.
    source: https://docs.aws.amazon.com/lambda/latest/dg/services-apigateway.html
    embedded: The same.
    proof: {proof}
"""
BY_STEP = "{steps: [say-hello]}"
IDLE_LEVER = """
levers:
  - id: slow-down
    title: Slow it down
    notice: It takes its time.
    pull: {action: set-environment, resource: WebFunction, name: DELAY, value: "1"}
    release: {action: set-environment, resource: WebFunction, name: DELAY, value: ""}
    released: Let it run
"""


@pytest.fixture
def kept(sample: Draft) -> Draft:
    """A published pattern with a ledger of three rows."""
    sample.write("ledger.yaml", ledger(("one", BY_STEP), ("two", BY_STEP), ("three", BY_STEP)))
    return sample


def ledger(*rows: tuple[str, str]) -> str:
    return LEDGER.format(rows="".join(ROW.format(id=id, proof=proof) for id, proof in rows))


def test_a_ledger_that_points_at_claims_is_fine(kept: Draft) -> None:
    assert kept.mistakes() == []


def test_a_published_lab_without_a_ledger_is_reported(sample: Draft) -> None:
    assert sample.mistakes() == []  # a draft may still be without
    sample.replace("pattern.md", "draft: true\n", "")
    (mistake,) = [mistake for mistake in sample.mistakes() if mistake.id == "patterns.E075"]
    assert (mistake.file.name, mistake.line) == ("ledger.yaml", 1)
    assert "how faithful" in mistake.message
    assert "Add ledger.yaml" in mistake.remedy


def test_two_rows_do_not_share_an_id(kept: Draft) -> None:
    kept.replace("ledger.yaml", "id: three", "id: one")
    expect_one(
        kept.mistakes(),
        id="patterns.E075",
        file="ledger.yaml",
        line=kept.text("ledger.yaml").splitlines().index("  - id: one", 3) + 1,
        message="`one` is taken",
        remedy="another",
    )


@pytest.mark.parametrize(
    ("proof", "message", "remedy"),
    [
        ("{steps: [say-helo]}", "the step `say-helo`", "Did you mean `say-hello`? The steps are: say-hello."),
        ("{levers: [slow-down]}", "the lever `slow-down`", "The levers are: none."),
    ],
)
def test_a_row_names_steps_and_levers_that_are_there(kept: Draft, proof: str, message: str, remedy: str) -> None:
    kept.replace("ledger.yaml", BY_STEP, proof)
    expect_one(
        kept.mistakes(),
        id="patterns.E076",
        file="ledger.yaml",
        line=kept.line_of("ledger.yaml", proof),
        message=message,
        remedy=remedy,
    )


def test_a_step_that_claims_nothing_proves_nothing(kept: Draft) -> None:
    kept.append("demo.yaml", SILENT_STEP)
    kept.replace("ledger.yaml", BY_STEP, "{steps: [say-nothing]}")
    expect_one(
        kept.mistakes(),
        id="patterns.E076",
        file="ledger.yaml",
        line=kept.line_of("ledger.yaml", "say-nothing"),
        message="asserts nothing",
        remedy="`expect` or `observe`",
    )


SILENT_STEP = """
  - id: say-nothing
    title: Say nothing of it
    notice: A call without a claim.
    request: {method: GET, path: /hello/Ada}
"""


def test_a_lever_without_trials_proves_nothing(kept: Draft) -> None:
    kept.append("demo.yaml", IDLE_LEVER)
    kept.replace("ledger.yaml", BY_STEP, "{levers: [slow-down]}")
    (mistake,) = [mistake for mistake in kept.mistakes() if mistake.id == "patterns.E076"]
    assert mistake.line == kept.line_of("ledger.yaml", "slow-down")
    assert "`shows` or `restored`" in mistake.remedy
