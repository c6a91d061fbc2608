"""The kinds of relations: what proves each, whether the source waits, and how it carries a message."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    needs: str
    """What the template must have, with {source} and {target}."""
    waits: bool | None = None
    """Whether the source waits for the target's work: always, never, or (None) as the target is."""
    hands_on: bool = False
    """Whether a message goes on by it to where it waits."""
    invokes: bool = False
    """Whether a function is invoked by it without a caller who waits for an answer at the stack's edge."""
    answers: bool = False
    """Whether what answers callers calls by it and waits."""
    sets_aside: bool = False
    """Whether it takes only what failed."""


KINDS = {
    "integration": Kind(
        "a method of the API `{source}` whose integration names `{target}`", hands_on=True, answers=True
    ),
    "authorizer": Kind("an authorizer of the API `{source}` whose URI names `{target}`", waits=True, answers=True),
    "cache": Kind("the stage `{target}` of the API `{source}` with `CacheClusterEnabled: true`", waits=True),
    "event-source": Kind(
        "an event source mapping from `{source}` to the function `{target}`", waits=False, invokes=True
    ),
    "subscription": Kind(
        "a subscription of the topic `{source}` whose endpoint is `{target}`", waits=False, hands_on=True, invokes=True
    ),
    "rule": Kind(
        "a rule on the event bus `{source}` with `{target}` among its targets",
        waits=False,
        hands_on=True,
        invokes=True,
    ),
    "redrive": Kind("a `RedrivePolicy` of the queue `{source}` that names `{target}`", waits=False, sets_aside=True),
    "environment": Kind(
        "an environment variable of `{source}` that refers to `{target}`, and a policy statement of `{source}` that "
        "allows an action of its service on `{target}`",
        hands_on=True,
    ),
    "policy": Kind("a policy of `{source}` alone that names `{target}` and allows a use of it", hands_on=True),
    "url": Kind("a URL `{source}` of the function `{target}`", waits=True, hands_on=True, invokes=True),
    "mount": Kind("a mount point of `{target}` in `{source}`", waits=True),
    "domain": Kind("a mapping of the domain name `{source}` to the API `{target}`", waits=True, hands_on=True),
    "ingestion": Kind("a data source by which `{target}` reads `{source}`", waits=False),
    "code": Kind(
        "a policy of `{source}` that allows a use of `{target}`, and code of `{source}` with its name", hands_on=True
    ),
    "polling": Kind(
        "a policy by which code of `{target}` may receive what waits in `{source}`, and its name", waits=False
    ),
    "notification": Kind(
        "a notification of the bucket `{source}` to `{target}`", waits=False, hands_on=True, invokes=True
    ),
    "destination": Kind(
        "a destination `{target}` of the function `{source}`", waits=False, hands_on=True, invokes=True
    ),
    "dead-letter": Kind("a dead-letter queue `{target}` of `{source}`", waits=False, sets_aside=True),
    "schedule": Kind("a schedule `{source}` with the target `{target}`", waits=False, hands_on=True, invokes=True),
    "pipe": Kind("a pipe from `{source}` to `{target}`", waits=False, hands_on=True, invokes=True),
    "enrichment": Kind("`{target}` as the enrichment or transformation of `{source}`", waits=True, invokes=True),
    "task": Kind(
        "a task of the state machine `{source}` that calls `{target}`, and a role that may", hands_on=True, invokes=True
    ),
    "trigger": Kind(
        "a trigger of the user pool `{source}` that names the function `{target}`", waits=True, invokes=True
    ),
    "stream": Kind("a stream of `{source}` that goes to `{target}`", waits=False, hands_on=True),
    "delivery": Kind("`{target}` as the destination of the delivery stream `{source}`", waits=False),
    "resolver": Kind("a resolver of the API `{source}` whose data source is `{target}`", answers=True),
    "origin": Kind("`{target}` as an origin of `{source}` that is used", waits=True, answers=True),
    "target": Kind("a target group of the load balancer `{source}` with `{target}`", waits=True, answers=True),
    "replication": Kind("a replication rule of the bucket `{source}` to `{target}`", waits=False),
    "alarm": Kind("an action of the alarm `{source}` that names `{target}`", waits=False, hands_on=True, invokes=True),
    "rotation": Kind(
        "a rotation schedule of the secret `{source}` with the function `{target}`", waits=False, invokes=True
    ),
}
"""By the name that `by:` in diagram.yaml uses."""
