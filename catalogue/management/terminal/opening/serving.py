"""Opens a template: proves it, deploys it, serves its page until the command ends. Needs Django."""

import argparse
import json
import logging
import os
import signal
import socket
import subprocess
import threading
import webbrowser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from catalogue.labs.embedded import process
from catalogue.labs.lifecycle import services
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets.verdict import Verdict, verdict
from catalogue.labs.views.boards.opening import lead_to, opening_address
from catalogue.labs.views.boards.projects import endpoints, lint_aside
from catalogue.labs.views.represent import lab_document
from catalogue.management.terminal.opening.deploying import deployed, read_opened, say_progress
from catalogue.management.terminal.opening.saying import document_of, lines_of, say, show_json
from catalogue.management.terminal.opening.tables import make_tables
from catalogue.management.terminal.opening.watching import Project, watch
from catalogue.management.terminal.refused import Refused
from catalogue.management.terminal.talking.running import Running, note
from catalogue.patterns.content.checks import lint
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
                linted = _linted(pattern) if options.lint else None
                document = document_of(found) | ({} if linted is None else {"lint": [one._asdict() for one in linted]})
                lines = [*lines_of(found), *(f"line {one.line}: {one.rule} {one.message}" for one in linted or ())]
                print(json.dumps(document) if options.json else "\n".join(lines))
                return 0
            _serve(options, emulator, pattern, listening)
            return 0 if emulator.poll() is None else 2
        finally:
            if emulator is not None:
                process.stop(emulator)


def _linted(pattern: Pattern) -> list[lint.Finding]:
    """What cfn-lint finds. Raises Refused where it is not installed."""
    if not lint.available():
        raise Refused("cfn-lint is not installed: install serverless-patterns[lint].")
    return lint.findings(pattern.template.path)


def _serve(
    options: argparse.Namespace,
    emulator: subprocess.Popen[str],
    pattern: Pattern,
    listening: socket.socket,
) -> None:
    note(settings.VAR_DIR, Running(os.getpid(), str(pattern.template.path)))
    files = _watched(pattern) if options.watch else None
    deploying = threading.Thread(target=_deploy, args=(options, emulator, pattern, files), daemon=True)
    server.serve(listening, began=deploying.start)


def _watched(pattern: Pattern) -> Signature:
    """The files as they are deployed. Raises Refused."""
    try:
        return signature(places(pattern.template))
    except TooManyFiles as error:
        raise Refused(str(error)) from None


def _deploy(
    options: argparse.Namespace, emulator: subprocess.Popen[str], pattern: Pattern, files: Signature | None
) -> None:
    """Deploy, report where the page is, lint, and watch. In a thread of its own, beside the server."""
    say(f"Drawn: {opening_address()}")
    if not options.no_browser:
        threading.Thread(target=webbrowser.open, args=(opening_address(),), daemon=True).start()
    try:
        document = _came_of(emulator, pattern)
    except process.EmulatorDidNotStart as error:
        say(str(error))
        os.kill(os.getpid(), signal.SIGTERM)
        return
    found = verdict(pattern)  # with what could not be created
    note(settings.VAR_DIR, Running(os.getpid(), str(pattern.template.path), document["page"]))
    lead_to(document["page"])
    report(options, document | document_of(found), found)
    connection.close()
    lint_aside(pattern)
    if files is not None:
        watch(options, Project(pattern, Lab.objects.latest("created_at")), files)


def _came_of(emulator: subprocess.Popen[str], pattern: Pattern) -> dict[str, Any]:
    """Deploy: `page`, `status`, `endpoints` and, where it failed, `reason`."""
    make_tables()
    try:
        os.environ["EMBEDDED_AWS_URL"] = process.ready(emulator).url
        say_progress(f"Deploying {len(pattern.template.resources)} resources.")
        lab = deployed(pattern)
    except process.EmulatorDidNotStart:
        raise
    except Exception as error:  # whatever it is, the page's server goes on and the reader learns of it
        logger.debug("Deploying", exc_info=True)
        lab = Lab.objects.latest("created_at")
        services.end_lab(lab, f"The embedded AWS could not deploy it: {error}"[:2000])
        lab.refresh_from_db()
        return {"page": lab_document(lab)["page"], "status": Status.FAILED, "endpoints": [], "reason": str(error)}
    document = {"page": lab_document(lab)["page"], "status": lab.status, "endpoints": list(endpoints(lab))}
    return document | ({"reason": lab.reason} if lab.reason else {})


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
