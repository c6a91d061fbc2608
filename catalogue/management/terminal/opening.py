"""Opens a template: proves it, deploys it, serves its page until the command ends. Needs Django."""

import argparse
import json
import logging
import os
import socket
import subprocess
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection

from catalogue.labs.embedded import process
from catalogue.labs.lifecycle import services
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.omissions import omit
from catalogue.labs.targets.verdict import Verdict, verdict
from catalogue.labs.views.boards.projects import endpoints, look_for_lint
from catalogue.labs.views.represent import lab_document
from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.talking.running import Running, note
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.projects.reading import NotReadable, missing_parameters
from catalogue.processes import server

logger = logging.getLogger(__name__)

_ATTEMPTS = 8


def open_project(options: argparse.Namespace, folder: Path, listening: socket.socket) -> int:
    """Raises Refused; KeyboardInterrupt ends it."""
    with (folder / "emulator.log").open("w") as log:
        emulator = None if options.draw_only else process.begin(log=log)
        try:
            pattern = read_opened()
            found = verdict(pattern)
            _say_what_is_missing(pattern, found)
            if emulator is None:
                print(json.dumps(document_of(found)) if options.json else "\n".join(lines_of(found)))
                return 0
            _serve(options, emulator, pattern, listening)
        except process.EmulatorDidNotStart as error:
            raise Refused(str(error)) from None
        finally:
            if emulator is not None:
                process.stop(emulator)
    return 0


def read_opened() -> Pattern:
    """The template that this site is about. Raises Refused."""
    try:
        return next(library().patterns())
    except NotReadable as error:
        raise Refused(str(error)) from None


def _serve(
    options: argparse.Namespace,
    emulator: subprocess.Popen[str],
    pattern: Pattern,
    listening: socket.socket,
) -> None:
    call_command("migrate", verbosity=0)
    note(settings.VAR_DIR, Running(os.getpid(), str(pattern.template.path)))
    os.environ["EMBEDDED_AWS_URL"] = process.ready(emulator).url
    threading.Thread(target=_deploy, args=(options, pattern), daemon=True).start()
    server.serve(listening)


def _deploy(options: argparse.Namespace, pattern: Pattern) -> None:
    """Deploy, report where the page is, and lint. In a thread of its own, beside the server."""
    say(f"Deploying {len(pattern.template.resources)} resources.")
    document: dict[str, Any]
    try:
        lab = deployed(pattern)
        document = {"page": lab_document(lab)["page"], "status": lab.status, "endpoints": list(endpoints(lab))}
        if lab.reason:
            document["reason"] = lab.reason
    except Exception as error:  # whatever it is, the page's server goes on and the reader learns of it
        logger.debug("Deploying", exc_info=True)
        lab = Lab.objects.latest("created_at")
        services.end_lab(lab, f"The embedded AWS could not deploy it: {error}"[:2000])
        document = {"page": lab_document(lab)["page"], "status": Status.FAILED, "endpoints": [], "reason": str(error)}
    found = verdict(pattern)  # with what could not be created
    note(settings.VAR_DIR, Running(os.getpid(), str(pattern.template.path), document["page"]))
    report(options, document | document_of(found), found)
    if not options.no_browser:
        webbrowser.open(document["page"])
    connection.close()
    look_for_lint(pattern)


def deployed(pattern: Pattern) -> Lab:
    """A lab of the template, ready or failed. What the embedded AWS cannot create is left out of the next attempt.

    Raises what `services.create_lab` raises.
    """
    for attempt in range(_ATTEMPTS):
        lab = services.create_lab(pattern, settings.PROJECT_OWNER).lab
        lab = services.wait_until_deployed(lab, target_of(lab).deploy_seconds)
        last = attempt == _ATTEMPTS - 1
        if lab.status != Status.FAILED or last or not omit(pattern.content_hash, lab.reason):
            break
        say(f"{lab.reason} The rest is deployed without.")
        services.end_lab(lab, lab.reason)
    return lab


def report(options: argparse.Namespace, document: dict[str, Any], found: Verdict) -> None:
    """Print what has become of it, as a line of JSON or for a reader."""
    if options.json:
        print(json.dumps(document), flush=True)
        return
    lines = [*lines_of(found), f"Page: {document['page']}", *(f"Endpoint: {call}" for call in document["endpoints"])]
    print("\n".join(lines), flush=True)
    if "reason" in document:
        say(f"The stack was not created: {document['reason']}")
    say("Press Ctrl-C to end it: nothing stays.")


def say(text: str) -> None:
    """A line about what goes on, for the person at the terminal."""
    print(text, file=sys.stderr, flush=True)


def _say_what_is_missing(pattern: Pattern, found: Verdict) -> None:
    for name, value in missing_parameters(pattern.template).items():
        say(f"The parameter {name} has no value: {value!r} stands in for it. Give one with --parameter {name}=….")
    if found.refused:
        say(f"SAM refuses the template: {found.refused}")
    for line in found.lines():
        say(line)


def document_of(found: Verdict) -> dict[str, Any]:
    """`{"arrows": [{"from", "to", "kind", "status", "reason"}], "not_emulated": [{"type", "resources", "reason"}]}`.

    A reason is there where an arrow does not work; what is not emulated has its type or its reason.
    """
    return {
        "arrows": [
            {"from": one.source, "to": one.target, "kind": one.kind, "status": one.status}
            | ({"reason": one.reason} if one.reason else {})
            for one in found.arrows
        ],
        "not_emulated": [
            *({"type": type, "resources": ids} for type, ids in found.left_out.items()),
            *({"resources": [id], "reason": reason} for id, reason in found.not_run.items()),
        ],
    }


def lines_of(found: Verdict) -> list[str]:
    """Each arrow with its state, for a reader at a terminal."""
    return [
        f"{one.source} -> {one.target}  {one.status}{': ' + one.reason if one.reason else ''}" for one in found.arrows
    ] or ["No arrow is proven."]
