"""Tells systemd how a service of `Type=notify` does: https://www.freedesktop.org/software/systemd/man/sd_notify.html"""

import os
import socket
from contextlib import suppress


def notify(*lines: str) -> None:
    """Send lines such as READY=1 to the socket that NOTIFY_SOCKET names; without it nothing happens."""
    address = os.environ.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
        sender.setblocking(False)
        sender.sendto("\n".join(lines).encode(), "\0" + address[1:] if address[0] == "@" else address)


def watchdog_seconds() -> float | None:
    """How often systemd wants to hear WATCHDOG=1: half of WatchdogSec=. None if it does not."""
    given = os.environ.get("WATCHDOG_USEC", "")
    for_this = os.environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
    return int(given) / 2_000_000 if given.isdigit() and int(given) and for_this else None
