"""What the keeper does while the emulator runs: it waits. A program of its own, because it needs 5 of Python's 12 MiB.

`python -I -S keeper_wait.py PID FOLDER SECONDS` waits for the child process PID. SIGTERM asks the child to end, and
kills it after SECONDS. It removes FOLDER at the end, and its exit code is the child's. The caller has blocked SIGTERM
and SIGINT, so that none is lost before there are handlers.
"""

import os
import signal
import sys


def main() -> None:
    child, folder, seconds = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])

    def end(*_: object) -> None:
        signal.alarm(seconds)
        os.kill(child, signal.SIGTERM)

    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, (signal.SIGTERM, signal.SIGINT))
    _, status = os.waitpid(child, 0)
    signal.alarm(0)
    # Loaded at the end only: it would take memory all the while.
    from shutil import rmtree

    rmtree(folder, ignore_errors=True)
    os._exit(os.WEXITSTATUS(status) if os.WIFEXITED(status) else 128 + os.WTERMSIG(status))


if __name__ == "__main__":
    main()
