"""Starts the process that reads a pasted template, bounds it in time, and takes its answer. Keeps nothing.

The process has the limits of `confinement.py`, a folder of its own that is deleted with it, and nothing of this one's
environment. What it writes goes to files there, which the kernel keeps within a size.
"""

import json
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from django.conf import settings

from catalogue.labs.pasting.refusals import MOST_BYTES, Unacceptable
from catalogue.patterns.documents.openapi.drawn_documents import DrawnTemplate

logger = logging.getLogger(__name__)

_ROOT = Path(__file__).parents[3]
"""Where the package `catalogue` is."""
_MODULE = "catalogue.labs.pasting.child"
_SAID = 2000
"""Bytes of what a process that failed has said that are logged."""
TOO_LONG = (
    "Reading this template takes too long. Paste a smaller one, or `serverless-patterns open` it on your machine."
)
TOO_LARGE = f"The template is larger than {MOST_BYTES:,} bytes."
UNREADABLE = "The template has a form that cannot be read here. Check it with `sam validate --lint`."


class Answer(NamedTuple):
    document: DrawnTemplate
    picture: str
    """HTML of our own making; every text of the template in it is escaped."""


def ask(template: bytes) -> Answer:
    """What a process of its own makes of the template. Raises Unacceptable."""
    if len(template) > MOST_BYTES:
        raise Unacceptable(TOO_LARGE)
    with TemporaryDirectory(prefix="drawing-") as folder:
        own = Path(folder)
        code = _run(template, own)
        if code == 0:
            return _answer(json.loads((own / "answer").read_bytes()))
        said = (own / "said").read_bytes()[-_SAID:].decode("utf-8", "replace").strip()
    if code in (-signal.SIGKILL, -signal.SIGXCPU):
        logger.warning("A pasted template of %d bytes was given up: it took too long", len(template))
        raise Unacceptable(TOO_LONG)
    logger.warning("A pasted template of %d bytes could not be read (%d): %s", len(template), code, said)
    raise Unacceptable(UNREADABLE)


def _answer(said: dict[str, object]) -> Answer:
    if "unacceptable" in said:
        raise Unacceptable(str(said["unacceptable"]))
    return Answer(DrawnTemplate.model_validate(said["document"]), str(said["picture"]))


def _run(template: bytes, own: Path) -> int:
    """The exit code; that of SIGKILL if it was killed for its time. No process of it is left."""
    seconds = settings.LABS_DRAWING_SECONDS
    with (own / "answer").open("wb") as answer, (own / "said").open("wb") as said:
        process = subprocess.Popen(  # noqa: S603  (our own interpreter and module)
            [
                sys.executable,
                "-P",
                "-m",
                _MODULE,
                str(seconds),
                str(own),
                str(settings.SITE_DIR),
            ],
            cwd=own,
            env={"PYTHONPATH": str(_ROOT), "HOME": str(own), "TMPDIR": str(own), "LANG": "C.UTF-8"},
            stdin=subprocess.PIPE,
            stdout=answer,
            stderr=said,
            start_new_session=True,
        )
        try:
            process.communicate(template, timeout=seconds)
        except subprocess.TimeoutExpired:
            pass  # killed below
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode
