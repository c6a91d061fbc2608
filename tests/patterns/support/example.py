"""Small whole patterns for tests, made from the starter's files and a body that uses the whole dialect."""

import shutil
from datetime import date
from pathlib import Path

from catalogue.patterns.content import starting

STARTER = starting.STARTER

FRONT = """\
---
title: {title}
level: 100
summary: A counter that hands a parcel over and tells who asked for it.
question: How does a courier learn whether a parcel is ready?
answer: Ask the counter, which answers from one small function.
helps_with: [simplicity, cost]
published: 2026-11-02
revision: 2
change: Says what a courier pays.
draft: {draft}
prices:
  - apigateway.rest-requests
  - lambda.requests
related: {related}
---
"""

BODY = """
## The problem

A courier waits <b>outside</b>, and *nobody* knows whether the parcel is ready.
See [the twin](/patterns/twin/).

## The solution

Ask the counter, which "answers" at once:

[[code functions/web/app.py#handler]]

```json
{"parcel": "<ready>"}
```

## How a request travels

[[flow]]

## What it costs

### Where the money goes

| What | When |
| --- | --- |
| Requests | always |

[[costs]]

## Related patterns

[[related]]

## Further reading

- [A page elsewhere](https://example.com/a?b=1&c=2)
- [A trap](javascript:alert(1)) and ![a tracker](https://example.com/pixel.png)
"""


def write_pattern(
    content_dir: Path,
    slug: str = "parcel-counter",
    *,
    title: str = "Parcel Counter",
    body: str = BODY,
    related: str = "[]",
    draft: bool = False,
    front: str = FRONT,
) -> Path:
    """Write a pattern's folder under `content_dir` and return it. `related` is YAML."""
    folder = content_dir / slug
    shutil.copytree(STARTER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for file in folder.rglob("*.*"):
        text = file.read_text().replace("@TITLE@", title).replace("@TODAY@", date(2026, 11, 2).isoformat())
        file.write_text(text)
    head = front.format(title=title, related=related, draft=str(draft).lower())
    (folder / "pattern.md").write_text(head + body)
    return folder


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new))
