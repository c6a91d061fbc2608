"""Linux namespaces by system calls: what the emulator and each function's worker are shut in with.

Standard library only, and nothing of the project: the zygote loads this file by its path. Every function raises
OSError where the kernel, or the container around it, does not allow it.
See unshare(2), user_namespaces(7), pid_namespaces(7), pivot_root(2), mount_setattr(2).
"""

import ctypes
import errno
import fcntl
import os
import socket
import struct
from collections.abc import Iterable
from pathlib import Path

MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = (
    *(1, 2, 4, 8, 32, 4096, 16384, 1 << 18),
)
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38

_SYS_MOUNT_SETATTR = 442  # the same number on every architecture
_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
_ATTR_RDONLY, _ATTR_NOSUID = 1, 2
_CAPABILITY_VERSION_3 = 0x20080522
_SIOCSIFFLAGS, _IFF_UP = 0x8914, 1

_libc = ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), what)


def prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0), f"prctl {option}")


def mount(source: str, target: Path | str, kind: str = "", flags: int = 0, data: str = "") -> None:
    arguments = [text.encode() or None for text in (source, os.fspath(target), kind)]
    _checked(_libc.mount(*arguments, ctypes.c_ulong(flags), data.encode() or None), f"mount {target}")


def bind(source: Path | str, target: Path | str, *, read_only: bool = True, below: bool = True) -> None:
    """Show a file or folder at another place, with what is mounted `below` it or without."""
    mount(os.fspath(source), target, flags=MS_BIND | (MS_REC if below else 0))
    if read_only:
        make_read_only(target)


def make_read_only(target: Path | str) -> None:
    attributes = struct.pack("QQQQ", _ATTR_RDONLY | _ATTR_NOSUID, 0, 0, 0)
    result = _libc.syscall(
        ctypes.c_long(_SYS_MOUNT_SETATTR), _AT_FDCWD, os.fspath(target).encode(), _AT_RECURSIVE, attributes, 32
    )
    _checked(result, f"mount_setattr {target}")


def private_mounts() -> None:
    """What is mounted here from now on is seen here only, and the other way round."""
    mount("none", "/", flags=MS_REC | MS_PRIVATE)


def tmpfs(target: Path | str, size_mb: float, mode: str = "1777") -> None:
    size = max(1, int(size_mb * 1024))
    mount("tmpfs", target, "tmpfs", MS_NOSUID | MS_NODEV, f"size={size}k,mode={mode}")


def change_root(new: Path) -> None:
    """Make `new`, which is mounted, the root; what was there before is gone."""
    old = new / ".old"
    old.mkdir()
    try:
        call = _libc.pivot_root
    except AttributeError:
        raise OSError(errno.ENOSYS, "This C library has no pivot_root") from None
    _checked(call(os.fspath(new).encode(), os.fspath(old).encode()), "pivot_root")
    os.chdir("/")
    _checked(_libc.umount2(b"/.old", MNT_DETACH), "umount2")
    Path("/.old").rmdir()


def own_user_namespace(flags: int) -> None:
    """Enter a user namespace in which this process keeps its user and group, with other namespaces of its own."""
    uid, gid = os.geteuid(), os.getegid()
    os.unshare(os.CLONE_NEWUSER | flags)
    prctl(PR_SET_DUMPABLE, 1)  # or /proc/self belongs to root
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")


def loopback_up() -> None:
    """Let 127.0.0.1 work in a network namespace of its own."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP))


def drop_capabilities() -> None:
    """Give up this thread's capabilities, and what a set-user-ID program would bring back."""
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    header = struct.pack("Ii", _CAPABILITY_VERSION_3, 0)
    _checked(_libc.capset(header, bytes(24)), "capset")


def no_more_user_namespaces() -> None:
    """In one more of these a process could mount memory without a bound."""
    Path("/proc/sys/user/max_user_namespaces").write_text("0")


def show(sources: Iterable[Path], root: Path) -> None:
    """Show files and folders, read-only, at their own paths below `root`. A symbolic link stays one."""
    shown: set[Path] = set()
    for source in sources:
        if not os.path.lexists(source) or any(parent in shown for parent in (source, *source.parents)):
            continue
        target = root / source.relative_to("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_symlink():
            if not os.path.lexists(target):
                target.symlink_to(source.readlink())
            continue
        if source.is_dir():
            target.mkdir(exist_ok=True)
        else:
            target.touch()
        bind(source, target)
        shown.add(source)
