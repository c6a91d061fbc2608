"""Shuts the emulator, and with it every handler, in: what the site can read, they cannot.

Where Linux allows it, the emulator's process gets a root of its own with Python, its packages and its own folder,
processes of its own (nothing that a handler starts outlives them), and its functions a network of their own in which
only the emulator answers. As root it runs as another user, too. Where namespaces are not allowed, as root, it is
another user at least. `LABS_ISOLATION=require` starts nothing that is not shut in; `off` leaves it out.
"""

import os
import pwd
import select
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from catalogue.labs.embedded.workers import namespaces

PROJECT = Path(__file__).resolve().parents[4]
_INSTALLED = not (PROJECT / "manage.py").is_file()
"""As a package: then that folder is where all packages are."""
UNUSED_UID = 61_999
"""The user of an emulator that root starts, without EMULATOR_USER: in the range that systemd gives to nobody for long.
https://systemd.io/UIDS-GIDS/"""
_SYSTEM = [Path(name) for name in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")]
_ETC = [
    *("ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "nsswitch.conf", "hosts", "passwd"),
    *("group", "protocols", "services", "mime.types", "ssl/certs", "ssl/openssl.cnf", "ca-certificates", "pki/tls"),
]
_DEVICES = ("null", "zero", "full", "random", "urandom")


class NotIsolated(Exception):
    """Isolation is required and cannot be had; the message says why and what to do."""


@dataclass(frozen=True)
class Isolation:
    namespaces: bool
    uid: int | None
    """Another user than the one that started the emulator."""
    gid: int | None
    line: str
    """What it is, for the log."""


def choose(wanted: str, user: str, folder: Path) -> Isolation:
    """What this machine allows. `wanted` is auto, require or off; `user` a name or number, or empty.

    `folder` is the emulator's own.

    Raises NotIsolated.
    """
    if wanted == "off":
        return Isolation(False, None, None, "isolation: none: LABS_ISOLATION=off. Handlers can read what the site can.")
    uid, gid = _other_user(user)
    as_user = f"user {uid}" if uid is not None else ""
    why = _cannot_have_namespaces(uid, gid, folder)
    if why is None:
        kind = f"namespaces, as {as_user}" if uid is not None else "user namespace"
        return Isolation(True, uid, gid, f"isolation: {kind}; own files, processes and network")
    if uid is not None:
        line = f"isolation: separate {as_user}; no namespaces ({why}). Handlers share the network and /proc."
    else:
        line = f"isolation: none: no namespaces ({why}). Handlers can read what the site can. {_REMEDY}"
    if wanted == "require":
        raise NotIsolated(f"LABS_ISOLATION=require, but namespaces are not available ({why}). {_REMEDY}")
    return Isolation(False, uid, gid, line)


_REMEDY = "Allow unprivileged user namespaces (sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone)."


def _other_user(user: str) -> tuple[int | None, int | None]:
    if os.geteuid() != 0:
        if user:
            raise NotIsolated("EMULATOR_USER needs a site that is started as root. Unset it.")
        return None, None
    if not user:
        return UNUSED_UID, UNUSED_UID
    try:
        found = pwd.getpwuid(int(user)) if user.isdigit() else pwd.getpwnam(user)
    except KeyError:
        if user.isdigit():
            return int(user), int(user)
        raise NotIsolated(f"EMULATOR_USER={user}: there is no such user. Create it, or give a number.") from None
    return found.pw_uid, found.pw_gid


def _cannot_have_namespaces(uid: int | None, gid: int | None, folder: Path) -> str | None:
    """Why not, found out by trying it in a process of its own; None if it works."""
    if sys.platform != "linux":
        return "not Linux"
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        try:
            new_processes(uid)
            inner = os.fork()
            if inner == 0:
                try:
                    _own_root(folder)
                    own_network()
                    become(uid, gid)
                except BaseException as error:
                    os.write(writing, str(error).encode()[:500] or b"unknown")
                os._exit(0)
            if os.waitpid(inner, 0)[1]:
                os.write(writing, b"a process in them ended at once")
        except BaseException as error:
            os.write(writing, str(error).encode()[:500] or b"unknown")
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as said:
        why = said.read()
    os.waitpid(pid, 0)
    return why or None


def new_processes(uid: int | None) -> None:
    """The next child of this process is the first in a process namespace: when it ends, all in there end."""
    if uid is None:
        namespaces.own_user_namespace(os.CLONE_NEWPID)
    else:
        os.unshare(os.CLONE_NEWPID)


def enter(folder: Path, died: int) -> None:
    """In that child: a root with what the emulator needs, and its own folder to write to.

    `died` is a descriptor that becomes readable when the process that keeps this one has ended.
    """
    namespaces.prctl(namespaces.PR_SET_PDEATHSIG, 9)
    if select.select([died], [], [], 0)[0]:
        os._exit(1)
    _own_root(folder)
    os.chdir(PROJECT)


def own_network() -> None:
    """For the calling thread, and what it starts: a network in which there is nothing but what is bound in it."""
    os.unshare(os.CLONE_NEWNET)
    namespaces.loopback_up()


def become(uid: int | None, gid: int | None, end_with_parent: int = 0) -> None:
    """Give up what is needed no more: root's user, or the capabilities in the own user namespace.

    `end_with_parent` is the signal that the kernel shall send when the parent has ended.
    """
    if uid is not None and gid is not None:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
        if end_with_parent:
            namespaces.prctl(namespaces.PR_SET_PDEATHSIG, end_with_parent)  # another user's was forgotten
    if sys.platform == "linux":
        namespaces.drop_capabilities()
        namespaces.prctl(namespaces.PR_SET_DUMPABLE, 0)


def _own_root(folder: Path) -> None:
    os.unshare(os.CLONE_NEWNS | os.CLONE_NEWIPC)
    namespaces.private_mounts()
    umask = os.umask(0o022)  # the site's keeps everybody out, and so the emulator's user from its own root
    own, root = os.open(folder, os.O_PATH), folder  # mounted over its own folder, which is then shown in it
    namespaces.tmpfs(root, 4, "755")
    (root / "tmp").mkdir()
    namespaces.tmpfs(root / "tmp", 16)
    namespaces.show(_SYSTEM, root)
    namespaces.show([Path("/etc") / name for name in _ETC], root)
    namespaces.show(_python(), root)
    (root / "dev").mkdir()
    for name in _DEVICES:
        (root / "dev" / name).touch()
        namespaces.bind(f"/dev/{name}", root / "dev" / name, read_only=False)
    for link, target in (("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")):
        (root / "dev" / link).symlink_to(target)
    (root / "proc").mkdir()
    namespaces.mount("proc", root / "proc", "proc", namespaces.MS_NOSUID | namespaces.MS_NODEV | namespaces.MS_NOEXEC)
    writable = root / folder.relative_to("/")
    writable.mkdir(parents=True, exist_ok=True)
    namespaces.bind(f"/proc/self/fd/{own}", writable, read_only=False, below=False)
    os.close(own)
    os.umask(umask)
    namespaces.change_root(root)
    namespaces.mount("none", "/", flags=namespaces.MS_REMOUNT | namespaces.MS_BIND | namespaces.MS_RDONLY)


def _python() -> Iterator[Path]:
    """The interpreter with its packages, the programs that workers may be, and the catalogue's own code."""
    yield from (Path(path).resolve() for path in (sys.base_prefix, sys.base_exec_prefix))
    yield from (Path(path) for path in (sys.base_prefix, sys.prefix))
    yield Path(os.path.realpath(sys.executable)).parent
    for entry in map(Path, sys.path):
        if entry.is_absolute() and (entry != PROJECT or _INSTALLED) and entry.is_dir():
            yield entry
    if node := shutil.which("node"):
        yield Path(node).resolve().parents[1]
    yield PROJECT / "catalogue"
