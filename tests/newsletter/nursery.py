"""Run as a process of its own by the tests: sets Django up once, then forks a sender for each line it reads.

Says `ready <pid>` for each child and `ended <pid>` when it has gone, however it went.
"""

import os
import sys


def main() -> None:
    import django

    django.setup()
    from catalogue.newsletter import sender

    for _ in sys.stdin:
        pid = os.fork()
        if pid == 0:
            sender.send_due()
            os._exit(0)
        print(f"ready {pid}", flush=True)  # noqa: T201
        os.waitpid(pid, 0)
        print(f"ended {pid}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
