"""Every module in the folder of the suites is a benchmark that the command finds, in a group that can be asked for."""

from tests.bench.__main__ import found


def test_every_module_of_the_suites_is_a_benchmark() -> None:
    benchmarks = found()

    assert {"labs_edge", "newsletter_send", "pages_nginx", "pages_build"} <= benchmarks.keys()
    assert [name for name, one in benchmarks.items() if not (one.measure or one.measure_alone)] == []
    assert {name.partition("_")[0] for name in benchmarks} == {"labs", "newsletter", "pages"}
