"""The process outside that keeps the emulator inside: it starts it, ends it and removes its folder.

It is the one that the supervisor knows. When it ends, however it does, the kernel ends the emulator and every process
below it, since they are in a process namespace whose first process is the emulator.
"""

import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from catalogue.labs.embedded.confinement import isolation as isolation_module
from catalogue.labs.embedded.confinement.isolation import Isolation

_END_SECONDS = 4
"""A little less than the supervisor waits before it kills."""


def keep(
    folder: Path, isolation: Isolation, listening: Sequence[socket.socket], run: Callable[[], NoReturn]
) -> NoReturn:
    """Run the emulator in namespaces of its own until it has ended; ends with its exit code.

    The sockets are the emulator's alone: while it ends, connections are refused, and do not wait for what never comes.
    """
    died, alive = os.pipe()
    isolation_module.new_processes(isolation.uid)
    signals = (signal.SIGTERM, signal.SIGINT)
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    child = os.fork()
    if child == 0:
        os.close(alive)
        for number in signals:
            signal.signal(number, lambda *_: os._exit(0))  # until the event loop has its own
        signal.pthread_sigmask(signal.SIG_UNBLOCK, signals)
        isolation_module.enter(folder, died)
        run()
    os.close(died)
    os.set_inheritable(alive, True)
    for each in listening:
        each.close()
    program = str(Path(__file__).with_name("keeper_wait.py"))
    words = (sys.executable, "-I", "-S", program, str(child), str(folder), str(_END_SECONDS))
    os.execve(sys.executable, words, {})  # noqa: S606
