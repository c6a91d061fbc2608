"""The patterns that are published here pass every check, template lint included."""

import pytest
from django.conf import settings

from catalogue.patterns.content.checks import check_content
from catalogue.patterns.content.checks.lint import check_templates
from catalogue.patterns.content.library import read_library
from catalogue.patterns.content.pattern import pattern_folders


def test_the_content_passes_all_checks() -> None:
    assert [f"{message.id} {message.msg} {message.hint}" for message in check_content()] == []


@pytest.mark.timeout(300)
def test_every_template_is_clean_for_cfn_lint() -> None:
    assert [f"{message.id} {message.msg} {message.hint}" for message in check_templates()] == []


def test_every_folder_is_a_pattern_that_readers_or_authors_see() -> None:
    library = read_library(settings.CONTENT_DIR)
    folders = {folder.name for folder in pattern_folders(settings.CONTENT_DIR)}
    assert library.by_slug.keys() | library.drafts.keys() == folders
