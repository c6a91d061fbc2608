"""Mutation tests of pure modules: `python -m tests.project.mutants [words of a module's name]`.

Cosmic Ray (https://cosmic-ray.readthedocs.io/) changes one operator or number at a time, in a copy of the checkout, and
runs the module's tests. A change that no test notices survives: it is printed as a difference. Either a test is
missing, or the change makes none (an equivalent mutant). The modules are pure, so their tests need neither Django's
setup nor the suite's fixtures, and a run takes about a second.
"""

import shutil
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.support.site import ROOT

TESTS = {
    "catalogue/labs/watching/trace.py": "tests/labs/watching/test_trace.py",
    "catalogue/newsletter/delivery/sending/outcomes.py": "tests/newsletter/delivery/test_outcomes.py",
    "catalogue/pages/serving/http.py": "tests/pages/test_http.py",
}
"""Each module with its tests. Any pure module can be added."""
_CONFIG = """\
[cosmic-ray]
module-path = "{module}"
timeout = 30.0
excluded-modules = []
test-command = "{python} -m pytest -x -q --noconftest -p no:django -p no:cacheprovider {tests}"

[cosmic-ray.distributor]
name = "local"

[cosmic-ray.filters.operators-filter]
exclude-operators = ["core/ReplaceBinaryOperator_BitOr_.*", "core/RemoveDecorator", "core/ExceptionReplacer"]
"""
"""`|` joins types here and nothing else."""


def main() -> None:
    chosen = [module for module in TESTS if all(word in module for word in sys.argv[1:])]
    if not chosen:
        sys.exit(f"No module's name has these words. The modules are: {', '.join(TESTS)}")
    with TemporaryDirectory() as folder:
        copy = Path(folder, "checkout")
        _copy(copy)
        for module in chosen:
            print(f"\n{module}", flush=True)
            print(survivors(copy, module))


def survivors(copy: Path, module: str) -> str:
    """Cosmic Ray's report on one module: each change that survived, and how many were made."""
    config = copy / "mutants.toml"
    config.write_text(_CONFIG.format(module=module, tests=TESTS[module], python=sys.executable))
    session = copy / "mutants.sqlite"
    session.unlink(missing_ok=True)
    _run(copy, "cosmic-ray", "baseline", config.name)
    _run(copy, "cosmic-ray", "init", config.name, session.name)
    _run(copy, "cr-filter-operators", session.name, config.name)
    _run(copy, "cosmic-ray", "exec", config.name, session.name)
    return _run(copy, "cr-report", "--show-diff", "--surviving-only", session.name)


def _copy(to: Path) -> None:
    files = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
    for name in filter(None, files):
        if (ROOT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, to / name)


def _run(folder: Path, tool: str, *arguments: str) -> str:
    command = [str(Path(sys.executable).with_name(tool)), *arguments]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"{tool} failed:\n{run.stdout}{run.stderr}")
    return run.stdout


if __name__ == "__main__":
    main()
