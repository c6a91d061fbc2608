"""Labs of a pattern made for trying them: tests/labs/content/postbox."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import pytest
from pytest_django import Settings

from catalogue.labs.edge.application import edge_in_use
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle import services
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import target_of
from catalogue.patterns.content.pattern import Pattern, load_pattern
from tests.conftest import on_real_aws
from tests.support.site import descendants

CONTENT = Path(__file__).parent / "content"

type Deploy = Callable[..., Lab]


def run[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a loop of its own, with an edge that is closed (and its calls recorded) at the end."""

    async def with_edge() -> T:
        async with edge_in_use():
            return await coroutine

    return asyncio.run(with_edge())


@pytest.fixture
def content(settings: Settings) -> Path:
    """The site's patterns are those of tests/labs/content."""
    settings.CONTENT_DIR = CONTENT
    return CONTENT


@pytest.fixture
def postbox(content: Path) -> Pattern:
    return load_pattern(content / "postbox")


@pytest.fixture
def deploy(emulator: Emulator, transactional_db: None) -> Iterator[Deploy]:
    """Makes ready labs, and deletes them at the end."""
    made: list[Lab] = []

    def make(pattern: Pattern, owner: str = "somebody") -> Lab:
        lab = services.create_lab(pattern, owner).lab
        made.append(lab)
        lab = services.wait_until_deployed(lab, max(60, target_of(lab).deploy_seconds if on_real_aws() else 0))
        assert lab.status == Status.READY, lab.reason
        return lab

    yield make
    for lab in made:
        services.end_lab(lab, "The test is over.")


@pytest.fixture
def lab(deploy: Deploy, postbox: Pattern) -> Lab:
    """A ready lab of the postbox."""
    return deploy(postbox)


@pytest.fixture
def shut_in(emulator: Emulator) -> Emulator:
    """The emulator, if it has namespaces of its own."""
    below = list(descendants(emulator.process.pid))
    if not below or Path(f"/proc/{below[0]}/ns/pid").readlink() == Path("/proc/self/ns/pid").readlink():
        pytest.skip("This machine allows no namespaces.")
    return emulator
