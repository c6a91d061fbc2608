"""docs/operations.md names commands, files and settings that exist, and its unit files are sound.

That its commands do what it says is shown by `python -m tests.processes.ops.clean_machine`.
"""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

from tests.processes.ops.page import blocks
from tests.support.site import ROOT

PAGE = (ROOT / "docs/operations.md").read_text()
UNITS = sorted((ROOT / "ops/systemd").iterdir())


def manage_commands() -> list[list[str]]:
    """What the page gives to `ops/manage`, with what follows it on the line."""
    lines = [line for block in blocks() if block.language == "sh" for line in block.text.splitlines()]
    found = [line.split("ops/manage ", 1)[1] for line in lines if "ops/manage " in line]
    found += re.findall(r"`ops/manage ([^`]+)`", PAGE)
    return [shlex.split(re.sub(r"\$\{[^}]*\}", "x", command)) for command in found]


def test_every_command_of_manage_exists_and_takes_these_arguments() -> None:
    commands = manage_commands()
    assert len(commands) >= 6
    for name, *arguments in commands:
        app = get_commands()[name]
        command = load_command_class(app, name) if isinstance(app, str) else app
        command.create_parser("manage.py", name).parse_args(arguments)  # ends the test with its usage if it cannot


def test_every_file_and_page_that_it_names_exists() -> None:
    for path in set(re.findall(r"\bops/[\w./@-]*\w|\binfra/", PAGE)):
        assert (ROOT / path).exists(), path
    for link in re.findall(r"\]\((?!https?://|#)([^)#]+)", PAGE):
        assert (ROOT / "docs" / link).resolve().exists(), link


def test_every_setting_that_it_names_is_read() -> None:
    read = "".join(file.read_text() for file in (ROOT / "catalogue").rglob("settings*.py"))
    named = set(re.findall(r"^([A-Z][A-Z_]+)=", PAGE, re.MULTILINE)) - {"REPOSITORY"}
    assert len(named) > 8
    assert [name for name in sorted(named) if f'"{name}"' not in read] == []


@pytest.mark.parametrize("unit", [unit for unit in UNITS if unit.suffix == ".service"], ids=lambda unit: unit.name)
def test_a_unit_is_hardened(unit: Path) -> None:
    """`systemd-analyze security` counts what a unit could still do: 10 is everything, 0 nothing."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed")
    run = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--threshold=40", str(unit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-3000:] + run.stderr
    assert "Unknown" not in run.stderr, run.stderr


def test_the_units_have_the_same_user_settings_and_release_as_the_page_and_the_wrapper() -> None:
    wrapper = (ROOT / "ops/manage").read_text()
    for unit in UNITS:
        if unit.suffix == ".service":
            text = unit.read_text()
            for line in (
                "User=serverless-patterns",
                "EnvironmentFile=/etc/serverless-patterns/site.env",
                "WorkingDirectory=/opt/serverless-patterns/current",
                "UMask=0077",
            ):
                assert line in text, (unit.name, line)
            started = re.search(
                r"^ExecStart=/opt/serverless-patterns/current/.venv/bin/python manage.py (\w+)", text, re.M
            )
            assert started
            assert started[1] in get_commands()
    for shared in ("serverless-patterns", "/etc/serverless-patterns/site.env", "/opt/serverless-patterns/current"):
        assert shared in wrapper
        assert shared in PAGE


def test_the_image_is_built_from_the_pinned_requirements_and_holds_what_it_copies() -> None:
    lines = (ROOT / "ops/Containerfile").read_text().splitlines()
    copied = [
        word for line in lines if line.startswith("COPY ") and "--from" not in line for word in line.split()[1:-1]
    ]
    assert copied
    for path in copied:
        assert (ROOT / path).exists(), path
    assert any("--require-hashes -r requirements.txt" in line for line in lines)
    assert {"manage.py", "catalogue"} <= set(copied), "the site does not start without these"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    packaged = project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    assert set(packaged) <= set(copied), "pages and downloads are made from these"
    assert any(line.startswith("USER serverless-patterns") for line in lines)
