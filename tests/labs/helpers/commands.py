"""Runs a management command of the labs as its user does: in a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

from django.conf import settings


def run_command(
    name: str, *arguments: str, var: Path, content: Path, alone: bool = False, seconds: float = 180
) -> subprocess.CompletedProcess[str]:
    """On the emulator of this test run, or `alone`, when it has to start one. Raises subprocess.TimeoutExpired."""
    environment = {key: value for key, value in os.environ.items() if not alone or key != "EMBEDDED_AWS_URL"}
    return subprocess.run(
        [sys.executable, "manage.py", name, *arguments],
        cwd=settings.BASE_DIR,
        # The emulator takes requests that are signed with keys made from the secret key it was started with.
        env={**environment, "VAR_DIR": str(var), "CONTENT_DIR": str(content), "SECRET_KEY": settings.SECRET_KEY},
        capture_output=True,
        text=True,
        timeout=seconds,
        check=False,
    )
