"""Every mistake that a slider can have is named with file, line and remedy."""

import pytest

from tests.patterns.support.drafts import Draft

SLIDERS = """\
sliders:
  - id: batch
    title: Orders in a batch
    notice: Watch the invocations.
    set:
      action: set-batch-size
      resource: WorkerSource
    least: 1
    most: 10
  - id: greetings
    title: Greetings at once
    notice: Sends so many.
    send:
      method: GET
      path: /hello/{{uuid}}
    least: 1
    most: 50
"""


@pytest.fixture
def slid(queued: Draft) -> Draft:
    queued.write("sliders.yaml", SLIDERS)
    return queued


def test_sliders_that_fit_the_template_are_fine(slid: Draft) -> None:
    assert slid.mistakes() == []


@pytest.mark.parametrize(
    ("old", "new", "id", "found"),
    [
        ("id: greetings", "id: batch", "patterns.E038", "`batch` is taken"),
        ("action: set-batch-size", "action: enable-event-source", "patterns.E038", "takes no value"),
        ("resource: WorkerSource", "resource: OrdersQueue", "patterns.E038", "Fitting resources of the template"),
        ("least: 1\n    most: 10\n", "least: 0\n    most: 10\n", "patterns.E038", "from 1 to 10000"),
        ("least: 1\n    most: 10\n", "least: 2\n    most: 9\n", "patterns.E038", "own value (10)"),
        ("path: /hello/{{uuid}}", "path: /bye", "patterns.E038", "no route for GET /bye"),
        ("path: /hello/{{uuid}}", "path: /hello/{{name}}", "patterns.E038", "{{name}}"),
        ("most: 50", "most: 101", "patterns.E003", "1 to 100"),
        ("least: 1\n    most: 50", "least: 50\n    most: 50", "patterns.E003", "above `least`"),
    ],
)
def test_what_does_not_fit_is_named_with_the_remedy(slid: Draft, old: str, new: str, id: str, found: str) -> None:
    slid.replace("sliders.yaml", old, new)
    mistakes = slid.mistakes()
    assert [(mistake.id, mistake.file.name) for mistake in mistakes] == [(id, "sliders.yaml")]
    assert found.lower() in f"{mistakes[0].message} {mistakes[0].remedy}".lower()
    assert mistakes[0].line > 1
