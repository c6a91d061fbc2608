"""Runs an installer of packages, pip or npm, within bounds: of time, of what it says, of what it writes."""

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import IO

MOST_SAID = 64 * 1024
"""Bytes of its errors that are kept: the last ones, where the reason is."""
_TICK_SECONDS = 5.0
"""Between two reports of progress, and between two looks at how much it has written."""
_ENDED_SECONDS = 0.5
"""Between two looks whether it has ended, while it says nothing."""
_PASSED_ON = (
    *("PATH", "HOME", "LANG", "TMPDIR", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE"),
    "NODE_EXTRA_CA_CERTS",
)
_progress: ContextVar[Callable[[str], None] | None] = ContextVar("progress", default=None)


class NotInstalled(Exception):
    """The packages cannot be had; the message says why."""


@dataclass(frozen=True)
class Done:
    code: int
    errors: str
    """The end of what it wrote to standard error."""


@contextmanager
def reporting(report: Callable[[str], None]) -> Iterator[None]:
    """Let installations in this block, and in this thread, report how far they are: a sentence each time."""
    token = _progress.set(report)
    try:
        yield
    finally:
        _progress.reset(token)


def install(
    command: Sequence[str], folder: Path, what: str, *, seconds: float, most_bytes: int, prefix: tuple[str, ...]
) -> Done:
    """Run the command in `folder`, which it fills; `what` names it and what it installs, such as `pip: 3 packages`.

    `prefix` are beginnings of the names of environment variables that configure it. Raises NotInstalled if it takes
    longer, or writes more. Then nothing of it goes on running.
    """
    began = time.monotonic()
    process = subprocess.Popen(  # noqa: S603  (an installer, with lines of a checked shape)
        command,
        cwd=folder,
        env=_environment(os.environ, prefix),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    _report(f"Installing with {what}, {seconds:.0f} seconds at most.")
    try:
        errors = b""
        for piece in _pieces(process, process.stderr, began + seconds):
            errors = (errors + piece)[-MOST_SAID:]
            if not piece:
                _report(f"Still installing with {what}: {time.monotonic() - began:.0f} seconds so far.")
                require_size(folder, most_bytes)
        code = process.wait(max(0.1, began + seconds - time.monotonic()))
        require_size(folder, most_bytes)
        return Done(code, errors.decode("utf-8", "replace"))
    except (TimeoutError, subprocess.TimeoutExpired):
        raise NotInstalled(f"The packages were not installed within {seconds:g} seconds.") from None
    finally:
        _end(process)


def _pieces(process: subprocess.Popen[bytes], stream: IO[bytes], deadline: float) -> Iterator[bytes]:
    """What it says as it comes, and an empty piece for each tick. Raises TimeoutError."""
    os.set_blocking(stream.fileno(), False)
    tick = time.monotonic() + _TICK_SECONDS
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if now >= deadline:
                raise TimeoutError
            if now >= tick:
                tick = now + _TICK_SECONDS
                yield b""
            if selector.select(max(0.0, min(tick, deadline, now + _ENDED_SECONDS) - now)):
                piece = os.read(stream.fileno(), MOST_SAID)
                if not piece:
                    return
                yield piece
            elif process.poll() is not None:  # what it has started and left may hold the pipe open
                return


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it with all that it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stderr is not None:
        process.stderr.close()


def require_size(folder: Path, most_bytes: int) -> None:
    """Raises NotInstalled if the files in the folder take more."""
    size = 0
    for parent, _, names in os.walk(folder):
        for name in names:
            try:
                size += Path(parent, name).lstat().st_size
            except OSError:  # moved while the installer works
                continue
    if size > most_bytes:
        megabytes = f"{size // 2**20} MB, and a lab's function may bring {most_bytes // 2**20} MB"
        raise NotInstalled(f"The packages take {megabytes}.")


def _report(text: str) -> None:
    report = _progress.get()
    if report is not None:
        report(text)


def _environment(own: Mapping[str, str], prefix: tuple[str, ...]) -> dict[str, str]:
    """What an installer needs of the environment, and none of the site's secrets."""
    return {
        name: value
        for name, value in own.items()
        if name in _PASSED_ON or name.upper().startswith(prefix) or name.lower().endswith("_proxy")
    }
