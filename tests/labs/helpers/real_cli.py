"""Has the real AWS CLI parse commands: it checks options and values, and calls nothing.

It pins another botocore than boto3 does, so it is installed apart from the project, once, under var/.
"""

import fcntl
import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from catalogue.labs.lifecycle.packaging.dependencies import _pip
from catalogue.labs.lifecycle.packaging.installing import _environment

VERSION = "1.46.3"
_PARSE = """
import contextlib, functools, io, json, sys
sys.path.insert(0, sys.argv[1])
import botocore.session
from awscli import clidriver

from awscli.customizations.cloudformation.deploy import DeployCommand

clidriver.CLIOperationCaller.invoke = lambda *_, **__: 0
DeployCommand._run_main = lambda *_: 0
botocore.session.create_loader = functools.cache(botocore.session.create_loader)
refused = []
for words in json.load(sys.stdin):
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        try:
            code = clidriver.create_clidriver().main(words)
        except SystemExit as end:
            code = end.code
    if code:
        refused.append([words, said.getvalue()[-500:]])
print(json.dumps(refused))
"""


def refused_by_the_cli(shown: list[str]) -> list[tuple[list[str], str]]:
    """The words of each command that the CLI does not take, with what it says. Skips where it cannot be had."""
    lines = [line for text in shown for line in text.splitlines() if not line.startswith("#")]
    commands = [shlex.split(command)[1:] for line in lines for command in line.split(" && ")]
    done = subprocess.run(
        [sys.executable, "-I", "-c", _PARSE, str(installed_cli())],
        input=json.dumps(commands),
        env={"PATH": "/usr/bin:/bin", "AWS_DEFAULT_REGION": "us-east-1", "AWS_CONFIG_FILE": "/dev/null"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [(words, said) for words, said in json.loads(done.stdout)]


def installed_cli() -> Path:
    folder = Path(settings.BASE_DIR) / "var" / f"awscli-{VERSION}"
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(f".{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _install(folder)
    return folder


def _install(folder: Path) -> None:
    fresh = folder.with_name(f".{folder.name}")
    shutil.rmtree(fresh, ignore_errors=True)
    install = ["install", "--quiet", "--disable-pip-version-check", "--target", str(fresh), f"awscli=={VERSION}"]
    command = [sys.executable, "-I", str(_pip()), *install]
    done = subprocess.run(
        command, env=_environment(os.environ, ("PIP_",)), capture_output=True, text=True, timeout=300, check=False
    )
    if done.returncode:
        pytest.skip(f"The AWS CLI cannot be installed here: {done.stderr[-200:]}")
    fresh.rename(folder)
