"""A worker's bounds on a machine that allows less than they are."""

import json
import subprocess
import sys

from tests.support.site import ROOT

CELL = ROOT / "catalogue/labs/embedded/workers/cell.py"
PROGRAM = """
import importlib.util, json, resource, sys
spec = importlib.util.spec_from_file_location("cell", sys.argv[1])
cell = importlib.util.module_from_spec(spec)
spec.loader.exec_module(cell)
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
cell._bound(512, 128)
print(json.dumps({name: resource.getrlimit(getattr(resource, name)) for name in ("RLIMIT_NOFILE", "RLIMIT_NPROC")}))
"""


def test_a_worker_gets_no_more_descriptors_than_the_machine_allows() -> None:
    command = [sys.executable, "-c", PROGRAM, str(CELL)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == {"RLIMIT_NOFILE": [256, 256], "RLIMIT_NPROC": [256, 256]}
