"""The postbox with a naive twin whose letters nobody delivers."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytest_django import Settings

from catalogue.labs.demos.comparisons import services
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.models import Comparison, Lab
from catalogue.patterns.content.pattern import Pattern, load_pattern
from tests.labs.conftest import CONTENT

COMPARE = """\
naive: Letters are taken, and lie there.
story: Three letters and a question.
traffic:
  - id: post
    title: Post three letters
    request: {method: POST, path: /letters, json: {to: "{{run}} {{n}}"}, times: 3, at_once: 3}
    save: {letter: body.letter, nothing: body.not-there}
  - id: ask
    title: Ask after the last
    request: {method: GET, path: "/look?letter={{letter}}"}
  - id: ask-in-vain
    title: Ask with what no answer brought
    request: {method: GET, path: "/look?letter={{nothing}}"}
  - id: pattern-only
    title: Ask what only the pattern can be asked
    only: pattern
    request: {method: GET, path: /fail}
settle:
  pattern:
    - {resource: Delivered, measure: items, equals: 3, within: 20}
    - {resource: Letters, measure: messages, equals: 0, within: 20}
figures:
  - id: lost
    label: Letters not delivered
    better: less
    why: Letters taken less letters delivered.
    pattern:
      count: {measure: answers, of: [post], statuses: [202]}
      minus: {measure: items, resource: Delivered}
    naive:
      count: {measure: answers, of: [post], statuses: [202]}
      minus: {measure: items, resource: Delivered}
  - id: waiting
    label: Letters that lie there
    why: What has come into the queue and is still in it.
    pattern: {count: {measure: visible, resource: Letters}}
    naive: {count: {measure: visible, resource: Letters}}
  - id: opened
    label: Letters opened
    why: By the worker's log.
    pattern: {count: {measure: logged, resource: Worker, text: letter.opened}}
    naive: null
claims:
  - {figure: lost, pattern: {equals: 0}, naive: {equals: 3}}
  - {figure: invocations, smaller: naive}
lesson: Somebody has to carry them.
"""


def without_delivery(template: str) -> str:
    start, end = template.index("  Delivery:"), template.index("  Worker:")
    return template[:start] + template[end:]


@pytest.fixture
def twins(tmp_path: Path, settings: Settings) -> Pattern:
    """A pattern with a twin; the only one of the site."""
    folder = tmp_path / "content" / "postbox"
    shutil.copytree(CONTENT / "postbox", folder, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "naive.yaml").write_text(without_delivery((folder / "template.yaml").read_text()))
    (folder / "compare.yaml").write_text(COMPARE)
    settings.CONTENT_DIR = folder.parent
    return load_pattern(folder)


@pytest.fixture
def comparison(twins: Pattern, emulator: Emulator, transactional_db: None) -> Iterator[Comparison]:
    """Two ready labs of the visitor `somebody`."""
    made = services.create_comparison(twins, "somebody").comparison
    yield made
    services.delete_comparison(Comparison.objects.get(pk=made.pk))


def live_labs() -> int:
    return Lab.objects.filter(status__in=("deploying", "ready")).count()
