"""Opens a template: proves it, deploys it, serves its page until the command ends. Needs Django."""

import argparse
import json
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
from catalogue.labs.models import Status
from catalogue.labs.targets import target_of
from catalogue.labs.targets.verdict import Verdict, verdict
from catalogue.labs.views.boards.projects import endpoints, look_for_lint
from catalogue.labs.views.represent import lab_document
from catalogue.management.terminal.refused import Refused
from catalogue.patterns.content.library import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.projects.reading import NotReadable, missing_parameters
from catalogue.processes import server


def open_project(options: argparse.Namespace, folder: Path, listening: socket.socket) -> int:
    """Raises Refused; KeyboardInterrupt ends it."""
    with (folder / "emulator.log").open("w") as log:
        emulator = None if options.draw_only else process.begin(log=log)
        try:
            pattern = _read()
            found = verdict(pattern)
            _say_what_is_missing(pattern, found)
            if emulator is None:
                print(json.dumps(document_of(found)) if options.json else "\n".join(lines_of(found)))
                return 0
            _serve(options, emulator, pattern, found, listening)
        except process.EmulatorDidNotStart as error:
            raise Refused(str(error)) from None
        finally:
            if emulator is not None:
                process.stop(emulator)
    return 0


def _read() -> Pattern:
    try:
        return next(library().patterns())
    except NotReadable as error:
        raise Refused(str(error)) from None


def _serve(
    options: argparse.Namespace,
    emulator: subprocess.Popen[str],
    pattern: Pattern,
    found: Verdict,
    listening: socket.socket,
) -> None:
    call_command("migrate", verbosity=0)
    os.environ["EMBEDDED_AWS_URL"] = process.ready(emulator).url
    threading.Thread(target=_deploy, args=(options, pattern, found), daemon=True).start()
    server.serve(listening)


def _deploy(options: argparse.Namespace, pattern: Pattern, found: Verdict) -> None:
    """Deploy, report where the page is, and lint. In a thread of its own, beside the server."""
    say(f"Deploying {len(pattern.template.resources)} resources.")
    lab = services.create_lab(pattern, settings.PROJECT_OWNER).lab
    lab = services.wait_until_deployed(lab, target_of(lab).deploy_seconds)
    page = lab_document(lab)["page"]
    calls = endpoints(lab)
    if lab.status != Status.READY:
        say(f"The stack was not created: {lab.reason}")
    document = {"page": page, "status": lab.status, "endpoints": list(calls), **document_of(found)}
    if lab.reason:
        document["reason"] = lab.reason
    if options.json:
        print(json.dumps(document), flush=True)
    else:
        print("\n".join([*lines_of(found), f"Page: {page}", *(f"Endpoint: {call}" for call in calls)]), flush=True)
        say("Press Ctrl-C to end it: nothing stays.")
    if not options.no_browser:
        webbrowser.open(page)
    connection.close()
    look_for_lint(pattern)


def say(text: str) -> None:
    """A line about what goes on, for whoever waits at the terminal."""
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
