from pathlib import Path

import pytest

from tests.patterns.support.drafts import Draft, draft


@pytest.fixture
def sample(tmp_path: Path) -> Draft:
    """A pattern as `new_pattern` starts it."""
    return draft(tmp_path)


@pytest.fixture
def queued(sample: Draft) -> Draft:
    """The same with a queue, its dead-letter queue, a worker and a table."""
    sample.add_queue()
    return sample
