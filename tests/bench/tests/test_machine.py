"""What a document of figures says of the machine."""

import sys

from tests.bench.machine import description, program_version


def test_the_versions_name_python_packages_and_programs_and_what_is_missing() -> None:
    versions = description()["versions"]
    assert versions["python"] == sys.version.split()[0]
    assert {"django", "uvicorn", "nginx", "wrk", "chromium"} <= versions.keys()
    assert all(versions.values())
    assert program_version("no-such-program", "-v") == "missing"
    assert program_version(sys.executable, "--version") == versions["python"].rstrip("+")
