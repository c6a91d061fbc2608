"""Drawing and linting a template, beside `sam validate --lint` on the same template in the same run.

    python -m tests.processes.terminal.beside_sam SAM TEMPLATE…

SAM is the command of an installed SAM CLI, for example in an environment of its own (`pip install aws-sam-cli`). Each
command runs three times on each template, in turns, after one run that is not counted. The figures are the medians of
seconds on the wall, and of processor seconds, which depend less on what else the machine does.
"""

import argparse
import os
import resource
import statistics
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.processes.terminal.conftest import command, environment

RUNS = 3


def seconds(arguments: Sequence[str], surroundings: dict[str, str]) -> tuple[float, float]:
    """How long a command takes, on the wall and on the processor."""
    before, began = _processor(), time.monotonic()
    subprocess.run(arguments, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    return time.monotonic() - began, _processor() - before


def _processor() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sam")
    parser.add_argument("templates", nargs="+", type=Path)
    options = parser.parse_args()
    shares = []
    with TemporaryDirectory() as folder:
        ours = environment(Path(folder))
        theirs = {**ours, "SAM_CLI_TELEMETRY": "0", "AWS_DEFAULT_REGION": "us-east-1"}
        del theirs["PYTHONPATH"]
        print(f"{'template':40} {'open':>13} {'sam':>13}  share (wall s / processor s)")
        for template in options.templates:
            drawn = command("open", str(template), "--draw-only", "--lint")
            validated = [options.sam, "validate", "--lint", "--template", str(template)]
            runs = [(seconds(drawn, ours), seconds(validated, theirs)) for _ in range(RUNS + 1)][1:]
            (wall, cpu), (sam_wall, sam_cpu) = (
                [statistics.median(run[which][what] for run in runs) for what in (0, 1)] for which in (0, 1)
            )
            shares.append((wall / sam_wall, cpu / sam_cpu))
            name = str(template.parent.name)
            print(f"{name:40} {wall:5.2f} / {cpu:5.2f} {sam_wall:5.2f} / {sam_cpu:5.2f}  ", end="")
            print(f"{shares[-1][0]:.2f} / {shares[-1][1]:.2f}", flush=True)
    walls, processors = zip(*shares, strict=True)
    print(f"median share: {statistics.median(walls):.2f} / {statistics.median(processors):.2f}")
    print(f"load of the machine: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")


if __name__ == "__main__":
    main()
