"""Parts of pages that are rendered once for each set of values."""

from collections.abc import Iterator

import pytest
from django.template import Context, Engine
from django.test import override_settings

ENGINE = Engine(libraries={"kept": "catalogue.web.kept_tags"})


@pytest.fixture(autouse=True)
def pages_are_built() -> Iterator[None]:
    with override_settings(DEBUG=False):
        yield


def rendered(text: str, *values: dict[str, object]) -> list[str]:
    template = ENGINE.from_string("{% load kept %}" + text)
    return [template.render(Context(value)) for value in values]


def test_a_part_is_rendered_once_for_each_set_of_values() -> None:
    pages = rendered(
        "{% kept name %}{{ name }} {{ other }}{% endkept %}",
        {"name": "a", "other": 1},
        {"name": "a", "other": 2},
        {"name": "b", "other": 3},
    )

    assert pages == ["a 1", "a 1", "b 3"]


def test_while_a_value_is_missing_the_part_is_rendered_each_time() -> None:
    assert rendered("{% kept name %}{{ other }}{% endkept %}", {"other": 1}, {"other": 2}) == ["1", "2"]


def test_with_debug_an_author_sees_every_change() -> None:
    with override_settings(DEBUG=True):
        pages = rendered("{% kept a %}{{ other }}{% endkept %}", {"a": "a", "other": 1}, {"a": "a", "other": 2})

    assert pages == ["1", "2"]


def test_a_part_assigns_nothing_outside() -> None:
    assert rendered("{% kept a %}{% firstof 1 as b %}{% endkept %}[{{ b }}]", {"a": 1}) == ["[]"]


def test_a_changed_setting_is_seen() -> None:
    template = ENGINE.from_string("{% load kept %}{% kept name %}{{ other }}{% endkept %}")
    template.render(Context({"name": "a", "other": 1}))

    with override_settings(SITE_NAME="Another"):
        assert template.render(Context({"name": "a", "other": 2})) == "2"
