"""A reader's terminal: one POSIX shell for all commands of a README, in the folder of the unpacked download."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from tests.labs.helpers.real_cli import installed_cli

_AWS = """\
#!{python} -IS
import http.client, json, os, sys
words = json.dumps(sys.argv[1:]).encode()
link = http.client.HTTPConnection("127.0.0.1", int(os.environ["AWS_SERVER"]), timeout=60)
link.request("POST", "/", words)
answer = json.load(link.getresponse())
sys.stdout.write(answer["out"])
sys.stderr.write(answer["err"])
sys.exit(answer["code"])
"""
_MARK = "@@@ the command is over"


class Shell:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process

    def run(self, script: str) -> tuple[int, str]:
        """The exit status of the script's last command, and all that it wrote."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{script}\nprintf '\\n{_MARK} %s\\n' $?\n")
        self.process.stdin.flush()
        lines: list[str] = []
        for line in self.process.stdout:
            if line.startswith(_MARK):
                return int(line.split()[-1]), "".join(lines)
            lines.append(line)
        raise AssertionError(f"The shell ended: {''.join(lines)[-2000:]}")


@contextmanager
def shell(folder: Path, **environment: str) -> Iterator[Shell]:
    """`sh` in this folder, with nothing in its environment but a home, a path, and what is given."""
    tools = os.environ.get("PATH", os.defpath)
    process = subprocess.Popen(
        ["sh"],
        cwd=folder,
        env={"PATH": tools, "HOME": str(folder), "LANG": "C.UTF-8", **environment},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
    )
    try:
        yield Shell(process)
    finally:
        process.kill()
        process.wait()


@contextmanager
def aws_cli(bin: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Puts `aws` into the folder `bin`: the real CLI, with this environment. Yields the value of AWS_SERVER for it."""
    script = bin / "aws"
    script.write_text(_AWS.format(python=sys.executable))
    script.chmod(0o755)
    server = subprocess.Popen(
        [sys.executable, "-I", str(Path(__file__).with_name("aws_server.py")), str(installed_cli())],
        env={"PATH": "/usr/bin:/bin", "AWS_CONFIG_FILE": "/dev/null", **environment},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        yield server.stdout.readline().strip()
    finally:
        server.kill()
        server.wait()
