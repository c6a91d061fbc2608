"""The systemd unit agrees with how the supervisor ends its processes."""

import configparser

from tests.support.site import ROOT

TREE_ENDS_WITHIN = 25
"""Seconds: ARCHITECTURE.md, "One tree of processes"."""


def test_a_stop_asks_the_supervisor_alone_and_leaves_it_time_to_end_its_parts() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.read(ROOT / "ops/systemd/serverless-patterns@.service")
    service = unit["Service"]
    assert service["KillMode"] == "mixed"
    assert int(service["TimeoutStopSec"]) > TREE_ENDS_WITHIN
