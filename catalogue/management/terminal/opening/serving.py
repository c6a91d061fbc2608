"""Opens a template: proves it, deploys it, serves its page until the command ends. Needs Django."""

import argparse
import json
import logging
import os
import socket
import subprocess
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
from catalogue.labs.targets.verdict import Verdict, verdict
from catalogue.labs.views.boards.projects import endpoints, lint_aside
from catalogue.labs.views.represent import lab_document
from catalogue.management.terminal.opening.deploying import deployed, read_opened
from catalogue.management.terminal.opening.saying import document_of, lines_of, say, show_json
from catalogue.management.terminal.opening.watching import Project, watch
from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.talking.running import Running, note
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.projects.reading import missing_parameters
from catalogue.patterns.content.projects.watched import Signature, TooManyFiles, places, signature
from catalogue.processes import server

logger = logging.getLogger(__name__)


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


def _serve(
    options: argparse.Namespace,
    emulator: subprocess.Popen[str],
    pattern: Pattern,
    listening: socket.socket,
) -> None:
    call_command("migrate", verbosity=0)
    note(settings.VAR_DIR, Running(os.getpid(), str(pattern.template.path)))
    files = _watched(pattern) if options.watch else None
    os.environ["EMBEDDED_AWS_URL"] = process.ready(emulator).url
    threading.Thread(target=_deploy, args=(options, pattern, files), daemon=True).start()
    server.serve(listening)


def _watched(pattern: Pattern) -> Signature:
    """The files as they are deployed. Raises Refused."""
    try:
        return signature(places(pattern.template))
    except TooManyFiles as error:
        raise Refused(str(error)) from None


def _deploy(options: argparse.Namespace, pattern: Pattern, files: Signature | None) -> None:
    """Deploy, report where the page is, lint, and watch. In a thread of its own, beside the server."""
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
        lab.refresh_from_db()
        document = {"page": lab_document(lab)["page"], "status": Status.FAILED, "endpoints": [], "reason": str(error)}
    found = verdict(pattern)  # with what could not be created
    note(settings.VAR_DIR, Running(os.getpid(), str(pattern.template.path), document["page"]))
    report(options, document | document_of(found), found)
    if not options.no_browser:
        webbrowser.open(document["page"])
    connection.close()
    lint_aside(pattern)
    if files is not None:
        watch(options, Project(pattern, lab), files)


def report(options: argparse.Namespace, document: dict[str, Any], found: Verdict) -> None:
    """Print what has become of it, as a line of JSON or for a reader."""
    if options.json:
        show_json(document)
        return
    lines = [*lines_of(found), f"Page: {document['page']}", *(f"Endpoint: {call}" for call in document["endpoints"])]
    print("\n".join(lines), flush=True)
    if "reason" in document:
        say(f"The stack was not created: {document['reason']}")
    say("Press Ctrl-C to end it: nothing stays.")


def _say_what_is_missing(pattern: Pattern, found: Verdict) -> None:
    for name, value in missing_parameters(pattern.template).items():
        say(f"The parameter {name} has no value: {value!r} stands in for it. Give one with --parameter {name}=….")
    if found.refused:
        say(f"SAM refuses the template: {found.refused}")
    for line in found.lines():
        say(line)
