"""Every mistake that a challenge can have is named with file, line and remedy."""

import pytest

from catalogue.patterns.content.parsing.mistakes import ContentError
from tests.patterns.support.drafts import Draft

CHALLENGES = """\
challenges:
  - id: three-greetings
    title: Get three greetings
    task: Three requests are answered 200.
    hint: Send them.
    goals:
      - answers: 200
        at_least: 3
      - resource: WorkerFunction
        measure: invocations
        equals: 0
    loses:
      - request:
          method: GET
          path: /hello/{{uuid}}
    wins:
      - request:
          method: GET
          path: /hello/{{uuid}}
          times: 3
  - id: empty-queue
    title: Keep the queue empty
    task: Nothing waits in the queue.
    hint: Send nothing.
    goals:
      - resource: OrdersQueue
        measure: messages
        equals: 0
    loses:
      - step: say-hello
    wins:
      - step: say-hello
"""


@pytest.fixture
def challenged(queued: Draft) -> Draft:
    queued.write("challenges.yaml", CHALLENGES)
    return queued


def only(mistakes: list[ContentError], id: str, message: str) -> ContentError:
    """The one mistake that there is; its message or its remedy holds the given text."""
    assert [mistake.id for mistake in mistakes] == [id], "\n".join(map(str, mistakes))
    assert message.lower() in f"{mistakes[0].message} {mistakes[0].remedy}".lower()
    assert mistakes[0].line > 1
    return mistakes[0]


def test_challenges_that_fit_the_template_and_the_demo_are_fine(challenged: Draft) -> None:
    assert challenged.mistakes() == []


@pytest.mark.parametrize(
    ("old", "new", "found", "remedy"),
    [
        ("id: empty-queue", "id: three-greetings", "`three-greetings` is taken", "Choose another"),
        ("resource: OrdersQueue", "resource: WorkerFunction", "needs a queue", "Fitting resources of the template: Or"),
        ("  loses:\n      - step: say-hello", "  loses:\n      - step: say-bye", "no step `say-bye`", "say-hello"),
        ("- step: say-hello\n    wins", "- lever: close-it\n    wins", "no lever `close-it`", "Levers: none"),
        (
            "path: /hello/{{uuid}}\n          times",
            "path: /bye\n          times",
            "no route for GET /bye",
            "routes are",
        ),
        ("path: /hello/{{uuid}}\n          times", "path: /hello/{{who}}\n          times", "{{who}}", "n, now, uuid"),
        ("answers: 200", "side: naive\n        answers: 200", "no naive twin", "Leave `side` out"),
    ],
)
def test_what_is_not_there_is_named_with_the_remedy(
    challenged: Draft, old: str, new: str, found: str, remedy: str
) -> None:
    challenged.replace("challenges.yaml", old, new)
    mistake = only(challenged.mistakes(), "patterns.E037", found)
    assert remedy in mistake.remedy
    assert mistake.file.name == "challenges.yaml"


def test_a_goal_whose_request_changes_something_is_refused(challenged: Draft) -> None:
    goal = "- resource: OrdersQueue\n        measure: messages\n        equals: 0"
    request = (
        "- request:\n          method: GET\n          path: /hello/Ada\n          times: 2\n"
        "        expect:\n          status: 200"
    )
    challenged.replace("challenges.yaml", goal, request)
    only(challenged.mistakes(), "patterns.E037", "it must change nothing")


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("answers: 200\n        at_least: 3", "answers: 200", "give equals, at_least or at_most"),
        ("measure: messages\n        equals: 0", "measure: messages", "give equals, at_least or at_most"),
        ("answers: 200", "answers: 200\n        text: hello", "go with a measure"),
        ("answers: 200\n        at_least: 3", "path: /hello", "a goal has one of"),
    ],
)
def test_a_goal_that_says_too_little_or_two_things_is_refused(
    challenged: Draft, old: str, new: str, found: str
) -> None:
    challenged.replace("challenges.yaml", old, new)
    only(challenged.mistakes(), "patterns.E003", found)
