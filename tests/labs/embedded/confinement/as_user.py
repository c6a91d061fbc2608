"""`python as_user.py UID COMMAND …`: run a command as another user, as root, with the interpreter within its reach.

Root's own Python may lie in a folder that others cannot enter; this process shows it at its path, to that command only.
"""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[4]))
from catalogue.labs.embedded.workers import namespaces


def main() -> None:
    uid, command = int(sys.argv[1]), sys.argv[2:]
    base = Path(sys.base_prefix).resolve()
    closed = next((folder for folder in reversed(base.parents) if not folder.stat().st_mode & 0o001), None)
    if closed is not None:
        os.unshare(os.CLONE_NEWNS)
        namespaces.private_mounts()
        interpreter = os.open(base, os.O_PATH)
        namespaces.tmpfs(closed, 1, "755")
        base.mkdir(parents=True)
        namespaces.bind(f"/proc/self/fd/{interpreter}", base)
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    os.execv(command[0], command)


main()
