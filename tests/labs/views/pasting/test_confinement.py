"""The process that reads a pasted template has no files, no network and no programs, whatever a library would do."""

import subprocess
import sys
from pathlib import Path

from catalogue.labs.pasting.confinement import FILE_BYTES
from tests.support.site import ROOT

ATTEMPTS = """
import sys, socket, subprocess, os, urllib.request, ctypes
from pathlib import Path
from catalogue.labs.pasting import confinement
confinement.bound(60)
own, other = Path(sys.argv[1]), Path(sys.argv[2])
confinement.shut_in(own)
for code in sys.argv[3:]:
    try:
        exec(code)
    except BaseException as error:
        print(type(error).__name__, code, flush=True)
    else:
        print("done", code, flush=True)
"""


def came_of(tmp_path: Path, *codes: str) -> list[str]:
    """What came of each of some lines of code in one process, as `PermissionError open('x')`."""
    own, other = tmp_path / "own", tmp_path / "other"
    own.mkdir()
    other.mkdir()
    (other / "secret").write_text("secret")
    (own / "link").symlink_to(other / "secret")
    command = [sys.executable, "-P", "-c", ATTEMPTS, str(own), str(other), *codes]
    done = subprocess.run(command, cwd=own, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() or [done.stderr]


REFUSED = (
    "(other / 'secret').read_text()",
    "(own / 'link').read_text()",
    "(own / '..' / 'other' / 'secret').read_text()",
    "open('/etc/passwd')",
    "open('/proc/self/environ')",
    "os.listdir('/')",
    "list(os.scandir('/etc'))",
    "(other / 'new').write_text('x')",
    "(other / 'secret').unlink()",
    "os.rename(other / 'secret', own / 'taken')",
    "os.chdir('/')",
    "socket.socket()",
    "socket.getaddrinfo('localhost', 80)",
    "urllib.request.urlopen('http://127.0.0.1:1/')",
    "subprocess.run(['true'])",
    "os.system('true')",
    "os.fork()",
    "os.execv('/bin/true', ['true'])",
    "ctypes.CDLL(None)",
)


def test_what_a_template_has_no_use_for_is_refused(tmp_path: Path) -> None:
    assert came_of(tmp_path, *REFUSED) == [f"PermissionError {code}" for code in REFUSED]


def test_its_own_folder_and_pythons_modules_can_be_used_and_memory_is_bounded(tmp_path: Path) -> None:
    codes = (
        "(own / 'new').write_text('x')",
        "assert (own / 'new').read_text() == 'x'",
        "import json.tool, yaml, wave",
        "'x' * 2_000_000_000",
    )
    found = [line.partition(" ")[0] for line in came_of(tmp_path, *codes)]
    assert found == ["done", "done", "done", "MemoryError"]


def test_a_file_that_grows_without_end_is_cut_off(tmp_path: Path) -> None:
    came_of(tmp_path, "(own / 'new').write_bytes(bytes(9_000_000))")
    assert (tmp_path / "own/new").stat().st_size <= FILE_BYTES
