"""A worker that is a copy of the zygote is what a Python of its own would be, but for the time that it takes."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from catalogue.labs.edge.client import call_edge
from catalogue.labs.embedded import process
from catalogue.labs.embedded.workers import kept_zygote, worker_start
from catalogue.labs.embedded.workers.kept_zygote import KeptZygote
from catalogue.labs.embedded.workers.worker_start import NotStarted, Worker, Zygote, worker_starter
from catalogue.labs.lifecycle import services
from catalogue.patterns.content.pattern import Pattern
from tests.labs.conftest import run
from tests.support.site import alive, descendants
from tests.support.waiting import await_true

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere each worker is a Python of its own.")

type Started = Callable[..., Worker]

TELL = "import json, os, random, sys\n"


@pytest.fixture(scope="module")
def zygote() -> Iterator[Zygote]:
    started = Zygote()
    yield started
    started.stop()


@pytest.fixture
def started(zygote: Zygote, tmp_path: Path) -> Iterator[Started]:
    """Starts a script as a worker whose function has these files, in this environment."""
    made: list[Worker] = []

    def start(script: str, files: tuple[str, ...] = (), **environment: str) -> Worker:
        code = tmp_path / "code"
        code.mkdir(exist_ok=True)
        for name in files:
            (code / name).write_text("OWN = True\n")
        (tmp_path / "_worker.py").write_text(TELL + script)
        made.append(zygote.start([sys.executable, str(tmp_path / "_worker.py")], str(code), environment))
        return made[-1]

    yield start
    for worker in made:
        worker.kill()
        worker.wait(30)


def told(worker: Worker) -> Any:
    return json.loads(worker.stdout.readline())


def test_it_has_its_environment_folder_and_arguments_and_no_others(started: Started, tmp_path: Path) -> None:
    worker = started(
        "print(json.dumps([dict(os.environ), os.getcwd(), sys.argv, sys.path[0], __name__, __file__, os.getpid()]))\n",
        ONLY="this",
    )
    script = str(tmp_path / "_worker.py")
    surroundings = {"ONLY": "this"}, str(tmp_path / "code"), [script], str(tmp_path)
    assert told(worker) == [*surroundings, "__main__", script, worker.pid]


def test_nothing_of_the_project_stands_in_a_functions_way(started: Started) -> None:
    loaded = told(started("print(json.dumps([[name for name in sys.modules], sys.path]))\n"))
    assert not [name for name in loaded[0] if name.startswith(("catalogue", "django", "ministack"))]
    packages = str(settings.BASE_DIR / ".venv")
    assert not [path for path in loaded[1] if Path(path).is_relative_to(settings.BASE_DIR) and packages not in path]


def test_it_holds_its_three_streams_and_no_descriptor_of_anyone_else(started: Started) -> None:
    first = started("sys.stdin.readline()\n")
    folder = "/proc/self/fd"
    second = started(f"print(json.dumps([n for n in os.listdir({folder!r}) if os.path.exists(f'{folder}/{{n}}')]))\n")
    assert told(second) == ["0", "1", "2"]
    first.stdin.close()
    assert first.wait(30) == 0, "the end of its input reaches it though another was started since"


def test_it_reads_answers_and_complains_on_streams_of_its_own(started: Started) -> None:
    worker = started(
        "for line in sys.stdin:\n"
        "    print(line.upper(), end='', flush=True)\n"
        "    print('so: ' + line, end='', file=sys.stderr)\n"
    )
    worker.stdin.write("wörter\n")
    assert worker.stdout.readline() == "WÖRTER\n"
    assert worker.stderr.readline() == "so: wörter\n"
    assert worker.poll() is None
    with pytest.raises(subprocess.TimeoutExpired):
        worker.wait(0.01)


@pytest.mark.parametrize("how", [Worker.terminate, Worker.kill])
def test_it_can_be_ended(started: Started, how: Callable[[Worker], None]) -> None:
    worker = started("print('{}', flush=True); sys.stdin.readline()\n")
    told(worker)
    how(worker)
    assert worker.wait(30) == worker.poll() == 0
    how(worker)  # as often as one likes
    assert not Path(f"/proc/{worker.pid}/fd").exists() or "Z" in Path(f"/proc/{worker.pid}/stat").read_text()


def test_a_failure_is_reported_as_python_tells_it(started: Started) -> None:
    worker = started("raise LookupError('so it is')\n")
    assert worker.wait(30) == 0
    assert worker.stderr.read().endswith("LookupError: so it is\n")


def test_what_one_does_to_a_shared_module_no_other_sees(started: Started) -> None:
    spoil = "import boto3\nprint(json.dumps([hasattr(boto3, 'spoilt'), random.random()])); boto3.spoilt = True\n"
    (spoilt_before, one), (spoilt_after, another) = told(started(spoil)), told(started(spoil))
    assert (spoilt_before, spoilt_after) == (False, False)
    assert one != another, "each has its own randomness"


@pytest.mark.parametrize("name", ["boto3.py", "botocore.py", "contextlib.py"])
def test_a_module_that_the_function_brings_comes_first(started: Started, name: str) -> None:
    module = name.partition(".")[0]
    worker = started(
        f"sys.path.insert(0, os.getcwd())\nimport {module}\n"
        f"print(json.dumps([{module}.OWN, os.getpid(), sys.argv[0]]))\n",
        (name,),
    )
    assert told(worker)[:2] == [True, worker.pid]


def test_a_functions_settings_of_python_hold(started: Started) -> None:
    worker = started("print(json.dumps([sys.flags.optimize, os.environ['PYTHONOPTIMIZE']]))\n", PYTHONOPTIMIZE="2")
    assert told(worker) == [2, "2"]


def test_copies_start_without_importing_boto3_again(started: Started) -> None:
    """The point of it all, told by what is loaded and not by the clock."""
    assert told(started("print(json.dumps('boto3' in sys.modules and 'botocore.client' in sys.modules))\n")) is True


def test_without_the_zygote_a_worker_is_started_otherwise(tmp_path: Path) -> None:
    gone = Zygote()
    gone.process.kill()
    gone.process.wait()
    with pytest.raises(NotStarted):
        gone.start([sys.executable, "/nowhere/_worker.py"], "/", {})
    start = worker_starter(gone, lambda command, **options: (command, options))
    command = [sys.executable, str(tmp_path / "_worker.py")]
    assert start(command, cwd="/", env={}) == (command, {"cwd": "/", "env": {}})


def test_the_zygote_ends_with_the_connection_to_who_started_it() -> None:
    alone = Zygote()
    alone.stop()
    assert alone.process.returncode == 0


def test_a_stop_ends_workers_and_leaves_the_zygote_to_its_host(zygote: Zygote, started: Started) -> None:
    worker = started("import time\nprint(json.dumps(1), flush=True)\ntime.sleep(60)\n")
    assert told(worker) == 1
    for pid in (zygote.process.pid, worker.pid):
        os.kill(pid, signal.SIGTERM)
    worker.wait(30)  # it would sleep for longer
    zygote.ping()
    assert zygote.process.poll() is None


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "stopped"])
def test_a_zygote_that_ends_or_hangs_is_replaced_and_reported_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, number: signal.Signals
) -> None:
    monkeypatch.setattr(worker_start, "ANSWER_SECONDS", 5.0)
    monkeypatch.setattr(kept_zygote, "CHECK_SECONDS", 0.1)
    said: list[str] = []
    kept = KeptZygote(said.append)
    try:
        script = tmp_path / "_worker.py"
        script.write_text("print('works', flush=True)\n")
        before = kept.start([sys.executable, str(script)], str(tmp_path), {})
        first = kept.pid
        os.kill(first, number)
        await_true(lambda: said, 30)
        assert kept.pid != first
        assert not Path(f"/proc/{first}").exists()
        after = kept.start([sys.executable, str(script)], str(tmp_path), {})
        assert [worker.stdout.read() for worker in (before, after)] == ["works\n", "works\n"]
        (line,) = said
        cause = "was killed by signal 9" if number == signal.SIGKILL else "did not answer and was killed"
        assert cause in line
    finally:
        kept.stop()


def test_the_zygote_ends_with_the_process_that_started_it_even_while_it_is_stopped() -> None:
    """Killed and stopped at once is how a machine short of memory leaves it."""
    program = (
        "import time; from catalogue.labs.embedded.workers.worker_start import Zygote; "
        "zygote = Zygote(); zygote.ping(); print(zygote.process.pid, flush=True); time.sleep(60)"
    )
    host = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True, cwd=settings.BASE_DIR)
    assert host.stdout is not None
    zygote = int(host.stdout.readline())
    os.kill(zygote, signal.SIGSTOP)
    host.kill()
    host.wait()
    await_true(lambda: not alive(zygote), 60)


def test_only_functions_in_python_are_copies(zygote: Zygote) -> None:
    start = worker_starter(zygote, lambda command, **_: command)
    for command in (["node", "/x/other.js"], [sys.executable, "other.py"], [sys.executable, "-m", "x"]):
        assert start(command, cwd="/", env={}) == command


@pytest.mark.lab
@pytest.mark.django_db(transaction=True)
def test_a_labs_function_is_a_copy_and_answers_on_when_the_zygote_is_gone(
    postbox: Pattern, monkeypatch: pytest.MonkeyPatch
) -> None:
    with process.running() as own:
        monkeypatch.setenv("EMBEDDED_AWS_URL", own.url)

        def called() -> int:
            lab = services.create_lab(postbox, "somebody").lab
            return run(call_edge(lab.pk, "GET", "/look", {})).status

        assert called() == 200
        below = descendants(own.process.pid)
        zygote = min(pid for pid, command in below.items() if "zygote.py" in command)  # workers are copies, made later
        os.kill(zygote, 9)
        assert called() == 200
