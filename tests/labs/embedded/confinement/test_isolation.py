"""A handler cannot read what the site can, and what it uses is bounded. It tries each, and fails at each.

The emulator of the test run is shut in as this machine allows; where it does not, these skip and say why.
"""

import os
import re
import secrets
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from pytest_django import Settings

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded import process
from catalogue.labs.embedded.confinement.isolation import NotIsolated, choose
from catalogue.labs.embedded.process import Emulator
from catalogue.labs.lifecycle import services
from catalogue.labs.lifecycle.stacks import resources_of
from catalogue.labs.models import Lab
from catalogue.labs.targets import target_of
from catalogue.patterns.content.pattern import load_pattern
from tests.labs.conftest import CONTENT, Deploy, run
from tests.labs.targets.test_isolation import probe, wait_until
from tests.support.site import descendants

pytestmark = [pytest.mark.lab, pytest.mark.django_db(transaction=True)]
OTHER_USER = 12345


@pytest.fixture
def prober(shut_in: Emulator, deploy: Deploy, content: Any) -> Lab:
    return deploy(load_pattern(CONTENT / "prober"))


def test_a_handler_reads_no_file_of_the_site_or_of_another_function(
    prober: Lab, shut_in: Emulator, deploy: Deploy, tmp_path: Path
) -> None:
    var = tmp_path / "secret-key"
    var.write_text("kept from everybody")
    probe(deploy(load_pattern(CONTENT / "prober"), "another"), "environment")  # whose worker has files, too
    database = str(settings.DATABASES["default"]["NAME"])
    asked = [database, str(var), str(settings.BASE_DIR / "manage.py"), str(settings.BASE_DIR / ".git"), "/etc/shadow"]
    asked += [f"/proc/{os.getpid()}/environ", f"/proc/{shut_in.process.pid}/environ", "/home", "/root/.ssh", "/run"]
    for found in process.folder().glob(f"{shut_in.process.pid}-*/ministack-lambda-*"):
        asked.append(str(found))
    assert len(asked) > 10
    readable = probe(prober, "look", paths=asked)
    assert len(readable) <= 1, readable  # its own files
    assert all("/ministack-lambda-" in path for path in readable)


def test_a_handler_writes_nowhere_but_to_its_own_tmp(prober: Lab) -> None:
    own = probe(prober, "environment")["folder"]
    asked = [f"{folder}/x" for folder in (own, settings.BASE_DIR, settings.VAR_DIR, "/usr", "/etc", "/", "/tmp")]
    written = probe(prober, "write", paths=asked)
    assert "/tmp/x" in written
    assert all(path.startswith("/tmp/") for path in written), (
        "where the site is below /tmp, the handler has a folder so named"
    )
    assert not any(Path(folder, "x").exists() for folder in (settings.BASE_DIR, settings.VAR_DIR, "/tmp"))


def test_a_handler_sees_no_process_but_its_own(prober: Lab) -> None:
    seen = probe(prober, "environment")
    assert seen["processes"] == 1
    assert any(said.startswith("PATH=") for said in seen["parents"]), "its own it can read"


def test_a_handler_reaches_nothing_on_this_machine_but_the_emulator(prober: Lab, shut_in: Emulator) -> None:
    with socket.create_server(("127.0.0.1", 0)) as service:
        port = service.getsockname()[1]
        assert probe(prober, "connect", ports=[port, shut_in.port]) == [shut_in.port]


def test_what_a_handler_starts_ends_with_its_worker(prober: Lab, shut_in: Emulator) -> None:
    mark = f"left-{secrets.token_hex(8)}"

    def alive() -> bool:
        return any(mark in command for command in descendants(shut_in.process.pid).values())

    probe(prober, "leave_behind", mark=mark)
    assert alive()
    services.end_lab(prober, "Over.")
    wait_until(lambda: not alive())


def test_a_handlers_tmp_holds_as_much_as_lambdas(prober: Lab, shut_in: Emulator) -> None:
    assert probe(prober, "fill", megabytes=500) == {"written": 500}
    tried = probe(prober, "fill", megabytes=700)
    assert 500 <= tried["written"] <= 512
    assert tried["refused"] == "No space left on device"
    (folder,) = process.folder().glob(f"{shut_in.process.pid}-*")
    assert sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()) < 50_000_000


def test_a_handler_starts_no_more_processes_than_allowed(prober: Lab) -> None:
    assert 100 < probe(prober, "multiply", most=2000) < 300


def test_a_function_over_its_memory_is_killed_in_lambdas_words_and_the_next_call_works(prober: Lab) -> None:
    """600 MB under a MemorySize of 256, which could be held before."""
    answer = run(call_edge(prober.pk, "POST", "/", {}, {"do": "allocate", "megabytes": 600}))
    assert answer.status == 502
    group = f"/aws/lambda/{resources_of(prober)['Probe'].id}"
    lines = target_of(prober).client("logs").filter_log_events(logGroupName=group)["events"]
    said = "\n".join(line["message"] for line in lines)
    assert re.search(r"RequestId: \S+ Error: Runtime exited with error: signal: killed", said), said
    assert "Memory Size: 256 MB\tMax Memory Used: 256 MB" in said
    assert probe(prober, "allocate", megabytes=100)["held"] > 90_000_000


def test_the_log_says_what_it_got_and_off_is_off(
    settings: Settings, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    settings.VAR_DIR = tmp_path
    for wanted, said in (("auto", "isolation: "), ("off", "isolation: none: LABS_ISOLATION=off")):
        settings.LABS_ISOLATION = wanted
        with process.running():
            pass
        lines = [line for line in capfd.readouterr().err.splitlines() if "isolation" in line]
        assert len(lines) == 1
        assert lines[0].startswith(said)


def test_required_isolation_that_cannot_be_had_starts_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    why = "user.max_user_namespaces is 0"
    monkeypatch.setattr("catalogue.labs.embedded.confinement.isolation._cannot_have_namespaces", lambda *_: why)
    with pytest.raises(NotIsolated, match=f"{why}.*Allow unprivileged user namespaces"):
        choose("require", "", tmp_path)
    assert choose("auto", "", tmp_path).line.count(why) == 1


UNPRIVILEGED = """
import django; django.setup()
import io, json, zipfile, boto3
from catalogue.labs.embedded import process
from catalogue.labs.embedded.access.boot_keys import credentials_for
code = io.BytesIO()
with zipfile.ZipFile(code, "w") as archive:
    archive.writestr("app.py", '''
import os
def handler(event, context):
    return [os.getuid(), os.listdir("/proc").count("1"), os.path.exists(event["secret"])]
''')
trust = json.dumps({"Version": "2012-10-17", "Statement": []})
with process.running() as own:
    session = boto3.Session(*credentials_for(own.url), region_name="us-east-1")
    role = session.client("iam", endpoint_url=own.url).create_role(RoleName="r", AssumeRolePolicyDocument=trust)
    functions = session.client("lambda", endpoint_url=own.url)
    functions.create_function(FunctionName="f", Runtime="python3.13", Role=role["Role"]["Arn"],
                              Handler="app.handler", Code={"ZipFile": code.getvalue()})
    secret = str(process.folder().parent / "secret-key")
    print(functions.invoke(FunctionName="f", Payload=json.dumps({"secret": secret}))["Payload"].read().decode())
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can try it as another user; as another user all tests do.")
def test_a_site_of_any_user_is_shut_in_as_well(shut_in: Emulator, tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    for parent in list(tmp_path.parents)[:3]:
        if parent.stat().st_uid == 0 and parent != Path("/tmp"):
            parent.chmod(parent.stat().st_mode | 0o011)
    var = tmp_path / "var"
    var.mkdir()
    (var / "secret-key").write_text("k" * 50)
    os.chown(var, OTHER_USER, OTHER_USER)
    os.chown(var / "secret-key", OTHER_USER, OTHER_USER)
    helper = Path(__file__).with_name("as_user.py")
    done = subprocess.run(
        [sys.executable, str(helper), str(OTHER_USER), sys.executable, "-c", UNPRIVILEGED],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "VAR_DIR": str(var), "DJANGO_SETTINGS_MODULE": "catalogue.settings"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == f"[{OTHER_USER}, 1, false]", done.stderr
    assert "isolation: user namespace" in done.stderr


@pytest.mark.parametrize(("debug", "dumpable"), [("0", "0"), ("1", "1")])
def test_a_served_sites_processes_can_be_read_by_no_other(debug: str, dumpable: str, tmp_path: Path) -> None:
    """Asked of the kernel, since root may read everything: prctl(2), PR_GET_DUMPABLE."""
    program = "import ctypes, django; django.setup(); print(ctypes.CDLL(None).prctl(3, 0, 0, 0, 0))"
    environment = {"DEBUG": debug, "SECRET_KEY": secrets.token_hex(32), "VAR_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "catalogue.settings", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout.strip() == dumpable, done.stderr


@pytest.mark.usefixtures("shut_in")
def test_a_worker_sees_python_and_its_packages_that_are_installed_under_tmp() -> None:
    """A checkout under /tmp: each worker's own /tmp hid the files that boto3 reads when a client is made."""
    program = """if True:
        import os, sys
        from pathlib import Path
        from catalogue.labs.embedded.workers import cell
        packages, hidden = Path(sys.argv[1], "packages"), Path(sys.argv[1], "functions")
        packages.mkdir()
        (hidden / "one").mkdir(parents=True)
        (packages / "data.json").write_text("{}")
        cell.namespaces.own_user_namespace(os.CLONE_NEWNS)
        cell.namespaces.private_mounts()
        cell.namespaces.bind(packages, packages)
        cell.new_processes()
        if child := os.fork():
            sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        cell.enter({"hidden": hidden, "shown": hidden / "one", "tmp_mb": 1, "memory_mb": 128})
        print(sorted(os.listdir("/tmp")), (packages / "data.json").read_text(), os.access(packages, os.W_OK))
        sys.stdout.flush()
        os._exit(0)
    """
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        said = subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, timeout=60)
    assert said.stderr == ""
    assert said.stdout == f"['{Path(folder).name}'] {{}} False\n"
