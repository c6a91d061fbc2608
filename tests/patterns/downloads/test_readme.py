"""Every command of every download's README, as a reader runs it: in the unpacked folder, in one shell, in order.

In place of `sam build` and `sam deploy`, a lab on the embedded AWS holds the stack.
"""

import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.conf import settings

from catalogue.patterns.content.pattern import load_pattern, pattern_folders
from tests.patterns.downloads.conftest import DeployedLab, aws_environment, unpacked
from tests.patterns.downloads.readme import Command, Sight, commands_of
from tests.patterns.downloads.shell import Shell, aws_cli, shell
from tests.support.site import Site

pytestmark = [pytest.mark.lab, pytest.mark.timeout(600)]

CONTENT = Path(settings.BASE_DIR) / "patterns_content"
SLUGS = [folder.name for folder in pattern_folders(CONTENT)]
PATIENCE_SECONDS = 30
"""Beyond what a README promises: the machine that runs the tests may be busy."""


@pytest.fixture(scope="module")
def cli(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """What a shell's environment needs for `aws` to reach the site's emulator."""
    bin = tmp_path_factory.mktemp("bin")
    with aws_cli(bin, aws_environment(site)) as port:
        yield {"AWS_SERVER": port, "PATH": f"{bin}{os.pathsep}{os.environ['PATH']}"}


@pytest.mark.parametrize("slug", SLUGS)
def test_every_command_of_the_readme_does_what_the_readme_says(
    slug: str, site: Site, cli: dict[str, str], deployed: Callable[[str], DeployedLab], tmp_path: Path
) -> None:
    folder = unpacked(site, slug, tmp_path)
    lab = deployed(slug)
    commands = commands_of((folder / "README.md").read_text("utf-8"))
    with shell(folder, **cli) as terminal:
        reader = Reader(terminal, lab, commands)
        failures = [failure for command in commands for failure in reader.follow(command)]
    worked = len(commands) - len({title for title, _ in failures})
    assert not failures, f"{worked} of {len(commands)} commands worked as described: {failures}"


class Reader:
    """Runs the commands one after the other and looks for what must be seen."""

    def __init__(self, terminal: Shell, lab: DeployedLab, commands: list[Command]) -> None:
        self.terminal = terminal
        self.lab = lab
        self.looks = {
            found[1]: command.script
            for command in commands
            if command.section == "Look inside" and (found := re.search(r"\$\(resource (\w+)\)", command.script))
        }

    def follow(self, command: Command) -> Iterator[tuple[str, str]]:
        """What goes otherwise than described: the command's title, and how."""
        lines = command.script.splitlines()
        if all(line.startswith("sam ") for line in lines) or command.section == "Test the handlers":
            return  # tests/patterns/downloads/test_sam.py and test_handlers.py
        script = command.script.replace(f"STACK={self.lab.stack.rpartition('/')[2]}", "")
        if script.startswith("STACK="):
            # The stack of a lab has another name than a reader would choose, and its calls go through the site.
            script = "\n".join([f"STACK={self.lab.stack}", *script.splitlines()[1:]])
        time.sleep(command.pause)
        code, output = self.terminal.run(script)
        if script.startswith("STACK="):
            assert "execute-api" in output, output
            self.terminal.run(f"ENDPOINT={self.lab.endpoint} SOCKETS={self.lab.endpoint.replace('http', 'ws', 1)}")
        if code:
            yield command.title, f"exit status {code}: {output[-600:]}"
        if command.statuses:
            came = re.findall(r"HTTP/[\d.]+ (\d{3})", output)
            counted = {int(status): came.count(status) for status in came}
            if counted != command.statuses:
                yield command.title, f"{counted} instead of {command.statuses}: {output[-600:]}"
        for sight in command.sights:
            if unseen := self.look_for(sight):
                yield command.title, unseen

    def look_for(self, sight: Sight) -> str:
        """Empty once it is seen, or what is seen instead."""
        quoted = (sight.text or "").replace("\\", "\\\\").replace('"', '\\"').replace("`", "\\`")
        text = self.terminal.run(f'printf %s "{quoted}"')[1].strip()  # a variable stands for its value
        deadline = time.monotonic() + sight.within + PATIENCE_SECONDS
        while True:
            code, output = self.terminal.run(self.looks[sight.resource])
            if code:
                return f"{self.looks[sight.resource]}: {output}"
            if sight.text is not None:
                if text in output:
                    return ""
            else:
                numbers = [int(number) for number in output.split()]
                number = numbers[0] if sight.first_number_only else sum(numbers)
                if (sight.least is None or number >= sight.least) and (sight.most is None or number <= sight.most):
                    return ""
            if time.monotonic() >= deadline:
                return f"{sight} is not seen: {output[-600:]}"
            time.sleep(0.3)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_readme_has_a_command_for_each_step_and_lever_and_its_undo(slug: str, site: Site, tmp_path: Path) -> None:
    pattern = load_pattern(CONTENT / slug)
    commands = commands_of((unpacked(site, slug, tmp_path) / "README.md").read_text("utf-8"))
    assert pattern.demo is not None
    titles = [command.title for command in commands]
    for number, step in enumerate(pattern.demo.steps, 1):
        assert titles.count(f"{number}. {step.title}") == 1
    for lever in pattern.demo.levers:
        trials = [trial for trial in (lever.shows, lever.restored) if trial.request]
        assert titles.count(lever.title) == 1 + (lever.release is not None) + len(trials)
    sections = {command.section for command in commands}
    assert {"Deploy", "Try it", "Look inside", "Test the handlers", "Delete it"} <= sections


@pytest.mark.parametrize("slug", SLUGS)
def test_the_readme_says_how_long_every_change_of_the_stack_takes(slug: str, site: Site, tmp_path: Path) -> None:
    commands = commands_of((unpacked(site, slug, tmp_path) / "README.md").read_text("utf-8"))
    changes = [
        command
        for command in commands
        if "aws " in command.script and command.section in ("Try it", "Break it") and "curl" not in command.script
    ]
    for command in changes:
        assert re.search(r"\b(waits?|wait|seconds|when the (command|loop))\b", command.after, re.IGNORECASE), command
