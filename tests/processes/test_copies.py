"""Parts that are copies of the supervisor's process: what they share with it, and what they must not."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.site import ROOT, alive
from tests.support.waiting import await_true

pytestmark = pytest.mark.timeout(300)

SUPERVISES = """
import asyncio, json, os, signal, socket, sys, time
from pathlib import Path
from catalogue.processes.supervisor import Part, Supervisor

folder = Path(sys.argv[1])
loaded = object()
secret = open(folder / "lock", "w")
listening = socket.create_server(("127.0.0.1", 0))

def work():
    from catalogue.processes import heartbeat
    import threading
    heartbeat.beat()
    numbers = [int(name) for name in os.listdir("/proc/self/fd")]
    kinds = {os.readlink(f"/proc/self/fd/{n}").split(":")[0] for n in numbers if os.path.exists(f"/proc/self/fd/{n}")}
    found = {
        "pid": os.getpid(), "session": os.getsid(0), "shared": id(loaded), "color": os.environ.get("COLOR"),
        "notify": os.environ.get("NOTIFY_SOCKET"), "kinds": sorted(kinds),
        "term": signal.getsignal(signal.SIGTERM) == signal.SIG_DFL,
        "pipe": signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN,
        "command": Path("/proc/self/cmdline").read_bytes().replace(b"\\0", b" ").decode().strip(),
        "port": listening.getsockname()[1],
    }
    print("ready", flush=True)
    with open(folder / "found", "a") as file: file.write(json.dumps(found) + "\\n")
    END

part = Part("copy", [sys.executable, "-m", "the.name", "of it"], work=work, environment={"COLOR": "red"}, beats=True,
            pass_fds=(listening.fileno(),), stop_seconds=10)
print(id(loaded), os.getpid(), flush=True)
supervisor = Supervisor([part], (folder / "up").touch, sole=True)
async def main():
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, supervisor.stop)
    await supervisor.run()
asyncio.run(main())
print("ended", flush=True)
"""
WAITS = "while True: heartbeat.beat(); time.sleep(0.1)"
RUNS_A_LOOP = """
    async def serve():
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await asyncio.to_thread(lambda: None)
        await stop.wait()
        (folder / "served").touch()
    asyncio.run(serve())
"""


def started(folder: Path, end: str = WAITS) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", SUPERVISES.replace("    END", f"    {end}"), str(folder), "room for a longer name" * 4],
        cwd=ROOT,
        env={"NOTIFY_SOCKET": "/nowhere", "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=(folder / "errors").open("w"),
        text=True,
    )


def found(folder: Path, number: int = 1) -> list[dict[str, object]]:
    file = folder / "found"
    await_true(lambda: file.exists() and file.read_text().count("\n") >= number, 60)
    return [json.loads(line) for line in file.read_text().splitlines()]


def test_a_copy_shares_what_is_loaded_and_has_an_environment_a_session_and_a_name_of_its_own(tmp_path: Path) -> None:
    with started(tmp_path) as supervisor:
        assert supervisor.stdout is not None
        loaded, pid = supervisor.stdout.readline().split()
        (copy,) = found(tmp_path)
        supervisor.terminate()
        assert supervisor.stdout.read().strip() == "ended"

    assert copy["shared"] == int(loaded)
    assert copy["pid"] != int(pid)
    assert copy["session"] == copy["pid"]
    assert (copy["color"], copy["notify"]) == ("red", None)
    assert str(copy["command"]).endswith("-m the.name of it")
    assert (copy["term"], copy["pipe"]) == (True, True)
    assert not alive(int(str(copy["pid"])))


def test_a_copy_holds_nothing_of_the_supervisor_but_what_it_is_passed(tmp_path: Path) -> None:
    with started(tmp_path) as supervisor:
        (copy,) = found(tmp_path)
        supervisor.terminate()

    kinds = copy["kinds"]
    assert isinstance(kinds, list)
    assert not [kind for kind in kinds if "lock" in kind or "anon_inode" in kind], "neither its lock nor its event loop"
    assert "socket" in kinds, "the listening socket"


def test_a_copy_that_dies_is_replaced_and_a_killed_supervisor_leaves_none(tmp_path: Path) -> None:
    with started(tmp_path) as supervisor:
        (first,) = found(tmp_path)
        await_true((tmp_path / "up").exists, 60)  # a part that dies before that has failed to start
        subprocess.run(["kill", "-KILL", str(first["pid"])], check=True)
        second = found(tmp_path, 2)[1]
        assert second["pid"] != first["pid"]
        assert second["shared"] == first["shared"]
        supervisor.kill()
        await_true(lambda: not alive(int(str(second["pid"]))), 60)


def test_a_copy_runs_an_event_loop_and_threads_and_ends_by_itself(tmp_path: Path) -> None:
    with started(tmp_path, "heartbeat.beat()" + RUNS_A_LOOP) as supervisor:
        found(tmp_path)
        supervisor.terminate()
        assert supervisor.wait(20) == 0

    assert (tmp_path / "served").exists()
    assert (tmp_path / "errors").read_text() == ""


def test_a_mistake_in_a_copy_is_a_traceback_and_ends_it(tmp_path: Path) -> None:
    once_up = "while not (folder / 'up').exists(): heartbeat.beat()\n    raise ValueError('a mistake')"
    with started(tmp_path, once_up) as supervisor:
        found(tmp_path, 2)
        await_true(lambda: "running again" in (tmp_path / "errors").read_text(), 60)
        supervisor.terminate()
        supervisor.communicate()

    errors = (tmp_path / "errors").read_text()
    assert "ValueError: a mistake" in errors
    assert "copy ended with exit code 1" in errors
