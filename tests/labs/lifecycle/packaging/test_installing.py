"""Installers run within bounds: of time, of what they say, of what they write. npm brings what package.json names."""

import io
import json
import os
import re
import shutil
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from catalogue.labs.lifecycle.packaging import installing
from catalogue.labs.lifecycle.packaging.installing import MOST_SAID, Done, NotInstalled, install, reporting
from catalogue.labs.lifecycle.packaging.project_code import node_modules
from tests.support.waiting import await_true


def run(code: str, folder: Path, *, seconds: float = 60, most_bytes: int = 2**20) -> Done:
    command = [sys.executable, "-c", code]
    return install(command, folder, "pip: 1 package", seconds=seconds, most_bytes=most_bytes, prefix=("PIP_",))


def test_what_it_says_last_is_kept_and_no_more(tmp_path: Path) -> None:
    said = "print('x' * 9_000_000, file=sys.stderr); print('ERROR: why', file=sys.stderr); print('y' * 9_000_000)"

    done = run(f"import sys; {said}; sys.exit(3)", tmp_path)

    assert done.code == 3
    assert done.errors.endswith("ERROR: why\n")
    assert len(done.errors) == MOST_SAID


def test_past_its_time_it_is_ended_with_all_that_it_has_started(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        f"open({str(tmp_path / 'child')!r}, 'w').write(str(child.pid))\n"
        "time.sleep(600)"
    )

    with pytest.raises(NotInstalled, match="were not installed within 3 seconds"):
        run(code, tmp_path, seconds=3)

    child = int((tmp_path / "child").read_text())
    await_true(lambda: not _runs(child), 60)


def test_a_program_that_it_leaves_behind_does_not_keep_it(tmp_path: Path) -> None:
    code = "import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])"

    assert run(code, tmp_path, seconds=120).code == 0


def test_it_may_not_write_more_than_a_function_may_bring(tmp_path: Path) -> None:
    code = "open('large', 'wb').write(b'x' * 3 * 2**20)"

    with pytest.raises(NotInstalled, match="The packages take 3 MB, and a lab's function may bring 1 MB"):
        run(code, tmp_path)


def test_what_writes_too_much_is_ended_before_it_is_done(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "_TICK_SECONDS", 0.05)
    code = "import time; open('large', 'wb').write(b'x' * 3 * 2**20); time.sleep(600)"

    with pytest.raises(NotInstalled, match="The packages take"):
        run(code, tmp_path, seconds=300)


def test_its_progress_is_reported_where_someone_listens(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "_TICK_SECONDS", 0.05)
    go_on = tmp_path / "go-on"
    said: list[str] = []

    def hear(text: str) -> None:
        said.append(text)
        if text.startswith("Still"):
            go_on.touch()

    code = f"import os, time\nwhile not os.path.exists({str(go_on)!r}): time.sleep(0.05)"
    with reporting(hear):
        run(code, tmp_path)
    run("pass", tmp_path)

    assert said[0] == "Installing with pip: 1 package, 60 seconds at most."
    assert re.fullmatch(r"Still installing with pip: 1 package: \d+ seconds so far\.", said[1])
    assert all(text.startswith("Still") for text in said[1:])


def test_it_gets_nothing_of_the_sites_own_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECRET_KEY", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY", "PIP_NO_INDEX"):
        monkeypatch.setenv(name, "given")

    run("import json, os; json.dump(dict(os.environ), open('seen.json', 'w'))", tmp_path)

    seen = json.loads((tmp_path / "seen.json").read_text())
    assert seen["PIP_NO_INDEX"] == "given"
    assert not {"SECRET_KEY", "DATABASE_URL", "AWS_SECRET_ACCESS_KEY"} & seen.keys()


@pytest.fixture
def parcels(tmp_path: Path) -> Iterator[Path]:
    """A package as npm takes it from a file."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not installed.")
    place = tmp_path / "parcels-1.0.0.tgz"
    files = {
        "package/package.json": json.dumps({"name": "parcels", "version": "1.0.0", "scripts": {"install": "exit 1"}}),
        "package/index.js": "module.exports = 'brought along';\n",
    }
    with tarfile.open(place, "w:gz") as archive:
        for name, text in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    node_modules.cache_clear()
    yield place
    node_modules.cache_clear()


def test_npm_brings_what_is_named_and_runs_no_script_of_it(parcels: Path) -> None:
    brought = node_modules((("parcels", f"file:{parcels}"),))

    assert brought["node_modules/parcels/index.js"] == b"module.exports = 'brought along';\n"


def test_npms_own_reason_is_given(parcels: Path) -> None:
    with pytest.raises(NotInstalled, match="npm could not install the packages"):
        node_modules((("missing", f"file:{parcels.parent}/missing-1.0.0.tgz"),))


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
