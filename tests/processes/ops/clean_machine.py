"""`python -m tests.processes.ops.clean_machine [--keep]`: follows docs/operations.md on a clean Debian with systemd.

It bootstraps Debian 13 into a folder, boots it with systemd-nspawn, and runs the page's blocks one after the other, as
root, each in a shell that stops at the first command that fails. Between them it does what needs a public name: it puts
a certificate that signs itself where certbot would put one. It needs root, debootstrap and systemd-container, and takes
several minutes. The container shares this machine's network and listens on ports 80, 443, 8001 and 8002.
"""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.machine import command, tree
from tests.processes.ops.page import Block, commands
from tests.support.site import ROOT

SUITE = "trixie"
PACKAGES = "systemd,systemd-sysv,dbus,libpam-systemd,ca-certificates,openssl,adduser"
BOOT_SECONDS = 90
BLOCK_SECONDS = 900
CERTIFICATE = "/etc/letsencrypt/live/patterns.example"
BEFORE = {
    "TLS and the proxy": f"install -d {CERTIFICATE} && openssl req -quiet -x509 -newkey rsa:2048 -nodes -days 2"
    f" -subj /CN=patterns.example -keyout {CERTIFICATE}/privkey.pem -out {CERTIFICATE}/fullchain.pem",
}
"""What a test machine does before the blocks under a heading."""
AFTER = {
    "Start": "journalctl --no-pager -u serverless-patterns@8001"
    " | grep 'isolation: user namespace; own files' >/dev/null",
    "TLS and the proxy": "curl --fail --silent --show-error --insecure --resolve patterns.example:443:127.0.0.1"
    " https://patterns.example/ | grep 'Serverless Patterns' >/dev/null",
    "Upgrade without downtime": "curl --fail --silent --insecure --resolve patterns.example:443:127.0.0.1"
    " https://patterns.example/patterns/ >/dev/null && ! systemctl is-active --quiet serverless-patterns@8001",
}
"""What must be true once the blocks under a heading have run."""


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m tests.processes.ops.clean_machine", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--keep", action="store_true", help="leave the container's folder for a look")
    options = parser.parse_args()
    for needed in ("debootstrap", "systemd-nspawn"):
        if shutil.which(needed) is None:
            sys.exit(f"{needed} is missing (on Debian: apt install debootstrap systemd-container).")
    folder = Path(tempfile.mkdtemp(prefix="clean-machine-", dir="/var/tmp"))
    try:
        root = folder / "root"
        bootstrap = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(root)]
        subprocess.run(bootstrap, check=True, stdout=subprocess.DEVNULL)
        _prepare(root)
        _follow(root)
    finally:
        if options.keep:
            print(f"Kept in {folder}.")
        else:
            shutil.rmtree(folder, ignore_errors=True)


def _prepare(root: Path) -> None:
    """Give it this checkout as the repository to clone from, and this machine's way to the package indexes."""
    subprocess.run(["git", "clone", "--quiet", "--bare", str(ROOT), str(root / "srv/repository")], check=True)
    for file in ("/etc/resolv.conf", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt"):
        if Path(file).exists():
            shutil.copyfile(file, root / file.lstrip("/"))


def _follow(root: Path) -> None:
    boot = ["systemd-nspawn", "--quiet", "--register=no", "--keep-unit", "--directory", str(root), "--boot"]
    with (root.parent / "boot.log").open("w") as log:
        # Otherwise parts of /proc are covered, as on no real machine, and functions could not have one of their own.
        whole = os.environ | {"SYSTEMD_NSPAWN_API_VFS_WRITABLE": "yes"}
        machine = subprocess.Popen(
            boot, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True, env=whole
        )
    try:
        leader = _leader(machine.pid)
        _wait_until_booted(leader)
        heading = ""
        blocks = commands()
        for number, block in enumerate(blocks):
            if block.heading != heading and (before := BEFORE.get(block.heading)):
                _run(leader, before)
            heading = block.heading
            _try(leader, block)
            last = number + 1 == len(blocks) or blocks[number + 1].heading != heading
            if last and (after := AFTER.get(heading)):
                _run(leader, after)
        print(f"All {len(blocks)} blocks of docs/operations.md did what they say.")
    finally:
        os.kill(machine.pid, signal.SIGTERM)
        try:
            machine.wait(60)
        except subprocess.TimeoutExpired:
            machine.kill()
            machine.wait()


def _try(leader: int, block: Block) -> None:
    started = time.monotonic()
    _run(leader, block.text)
    print(
        f"ok  {time.monotonic() - started:6.1f} s  {block.heading}: {block.text.strip().splitlines()[0][:70]}",
        flush=True,
    )


def _run(leader: int, text: str) -> None:
    """Run commands inside the container; ends this program with their output if one fails."""
    inside = ["nsenter", "--target", str(leader), "--mount", "--uts", "--ipc", "--pid", "--root", "--wd=/root"]
    environment = {key: value for key, value in os.environ.items() if key.startswith("PIP_")}
    environment |= {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"}
    environment |= {"REPOSITORY": "file:///srv/repository", "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"}
    done = subprocess.run(
        [*inside, "/bin/bash", "-euo", "pipefail", "-c", text],
        env=environment,
        capture_output=True,
        text=True,
        timeout=BLOCK_SECONDS,
        check=False,
    )
    if done.returncode:
        logs = [*inside, "journalctl", "--no-pager", "-n", "40"]
        journal = subprocess.run(logs, env=environment, capture_output=True, text=True, check=False).stdout
        sys.exit(f"{text}\nended with {done.returncode}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}\n{journal}")


def _leader(pid: int) -> int:
    """The container's systemd: the process named so below nspawn's."""
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline:
        for child in sorted(tree(pid) - {pid}):
            if b"systemd" in command(child).split(b"\0")[0] and b"nspawn" not in command(child):
                return child
        time.sleep(0.1)
    sys.exit("The container did not boot.")


def _wait_until_booted(leader: int) -> None:
    up = "systemctl is-system-running 2>/dev/null | grep -qE 'running|degraded'"
    _run(leader, f"for n in $(seq {BOOT_SECONDS * 5}); do if {up}; then exit 0; fi; sleep 0.2; done; exit 1")


if __name__ == "__main__":
    main()
