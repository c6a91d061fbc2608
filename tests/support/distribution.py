"""How the suite is spread over pytest-xdist's workers: the longest first, and apart from each other.

Each worker has an emulator, a database and a site of its own. A module's tests stay together, so that they share what
is set up for them. Tests of the labs share nothing but the emulator and may take half a minute each, and those that
start sites of their own may take longer. They go one by one, or else one worker would be left with a module of them
while the others have nothing to do.
"""

from xdist.scheduler.loadscope import LoadScopeScheduling

LONG = (
    "tests/patterns/downloads/",
    "tests/web/browser/",
    "tests/web/standards/",
    "tests/labs/demos/test_demos.py",
    "tests/labs/demos/comparisons/",
    "tests/labs/lifecycle/test_on_postgres.py",
    "tests/labs/embedded/test_recycle.py",
    "tests/base/backends/test_postgres_away.py",
    "tests/processes/",
    "tests/web/test_",
    "tests/base/test_",
    "tests/labs/",
    "tests/newsletter/delivery/test_kill.py",
    "tests/newsletter/delivery/test_on_postgres.py",
)
"""What is begun first, in this order; all else follows."""
_TOGETHER = (
    "tests/labs/embedded/calls/test_invocations.py",
    "tests/labs/embedded/workers/test_worker_start.py",
    "tests/labs/targets/emulators/test_emulators.py",
    "tests/labs/targets/infra/test_sandbox.py",
)
"""Modules of the labs whose tests share what takes longer to start than they do."""
_ONE_BY_ONE = (
    "tests/labs/",
    "tests/patterns/downloads/test_readme.py::test_every_command_of_the_readme_does_what_the_readme_says[queue-",
    "tests/web/browser/test_stories.py",
    "tests/newsletter/delivery/test_kill.py",
    "tests/processes/test_breakage.py",
    "tests/processes/test_instances.py",
)


def unit_of(nodeid: str) -> str:
    """The unit that a test is handed out with: its module or class, or itself."""
    if nodeid.startswith(_ONE_BY_ONE) and not nodeid.startswith(_TOGETHER):
        return nodeid
    return nodeid.split("[", 1)[0].rsplit("::", 1)[0]


def order_of(nodeid: str) -> int:
    """0 for what is begun first."""
    return next((place for place, start in enumerate(LONG) if nodeid.startswith(start)), len(LONG))


class Units(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """Hands out units in the order of collection, whatever their number of tests."""

    def _split_scope(self, nodeid: str) -> str:
        return unit_of(nodeid)

    def schedule(self) -> None:
        self.config.option.loadscopereorder = False
        super().schedule()
