"""Watches an opened project, and updates its stack when a file changes. Needs Django."""

import argparse
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from catalogue.labs.demos.levers import LeverRefused, move_lever
from catalogue.labs.lifecycle.packaging.installing import reporting
from catalogue.labs.lifecycle.updating import NotUpdated, update_lab
from catalogue.labs.models import Lab, Status
from catalogue.labs.targets.omissions import carry_over
from catalogue.labs.views.boards.projects import lint_aside
from catalogue.labs.views.represent import lab_document
from catalogue.management.terminal.opening.deploying import deployed
from catalogue.management.terminal.opening.saying import say, show_json
from catalogue.management.terminal.project import parameters_of
from catalogue.management.terminal.talking.running import Running, note
from catalogue.patterns.cloudformation.arrows.proofs import proofs
from catalogue.patterns.cloudformation.template import Resource
from catalogue.patterns.content import library
from catalogue.patterns.content.pattern import Pattern
from catalogue.patterns.content.projects.finding import NoTemplate
from catalogue.patterns.content.projects.reading import NotReadable, read_project
from catalogue.patterns.content.projects.watched import Signature, TooManyFiles, changed, places, signature

_LOOK_SECONDS = 0.15
_CALM_SECONDS = 0.05
"""An editor or a formatter may write several files: they are read when none has changed for so long."""


@dataclass
class Project:
    """What is deployed now."""

    pattern: Pattern
    lab: Lab


class NotTaken(Exception):
    """A change that was not deployed; the message says why."""


def watch(options: argparse.Namespace, project: Project, files: Signature) -> None:
    """Update the stack at each change, for as long as the process lives. `files` are those that were deployed."""
    try:
        for changed_files in changes(project, files):
            _say_files(project, changed_files)
            began = time.monotonic()
            try:
                document = {"status": "updated" if take(options, project) else "unchanged"}
            except NotTaken as error:
                document = {"status": "not updated", "reason": str(error)}
            _report(options, document, time.monotonic() - began)
            lint_aside(project.pattern)
            connection.close()
    except TooManyFiles as error:
        say(str(error))


def _say_files(project: Project, files: list[Path]) -> None:
    names = ", ".join(os.path.relpath(path, project.pattern.folder) for path in files[:3])
    say(f"Changed: {names}{f' and {len(files) - 3} more' if len(files) > 3 else ''}.")


def _report(options: argparse.Namespace, document: dict[str, Any], seconds: float) -> None:
    match document["status"]:
        case "updated":
            say(f"Deployed in {seconds:.2f} s.")
        case "unchanged":
            say("The stack is not made of that: there is nothing to deploy.")
        case _:
            say(f"Not deployed: {document['reason'].rstrip('.')}. The stack stays as it was.")
    if options.json:
        show_json(document | {"seconds": round(seconds, 3)})


def changes(project: Project, known: Signature) -> Iterator[list[Path]]:
    """The files that have changed since `known`, then since the last ones. Raises TooManyFiles."""
    while True:
        time.sleep(_LOOK_SECONDS)
        now = signature(places(project.pattern.template))
        if now != known:
            now = _calm(project, now)
            if files := changed(known, now):
                known = now
                yield files


def _calm(project: Project, seen: Signature) -> Signature:
    while True:
        time.sleep(_CALM_SECONDS)
        now = signature(places(project.pattern.template))
        if now == seen:
            return now
        seen = now


def take(options: argparse.Namespace, project: Project) -> bool:
    """Deploy the project as it is now. False if nothing that the stack is made of has changed. Raises NotTaken."""
    before = project.pattern
    try:
        pattern = read_project(before.template.path, parameters_of(options))
    except (NotReadable, NoTemplate, ValueError) as error:
        raise NotTaken(str(error)) from None
    if refused := proofs(pattern.template).refused:
        raise NotTaken(f"SAM refuses the template: {refused}")
    if project.lab.status != Status.READY:
        _deploy_at_last(project, pattern)
        return True
    same = [id for id, one in pattern.template.resources.items() if _is_same(one, before.template.resources.get(id))]
    carry_over(before.content_hash, pattern.content_hash, same)
    if pattern.demo != before.demo:  # a lever's name may stand for another fault then
        _release_all(project)
    library.use(library.library_of(pattern))  # before the lab's row says so, by which pages and lights look for it
    try:
        with reporting(say):
            is_updated = update_lab(project.lab, pattern)
    except NotUpdated as error:
        library.use(library.library_of(before))
        raise NotTaken(str(error)) from None
    project.pattern = pattern
    project.lab.refresh_from_db()
    return is_updated


def _deploy_at_last(project: Project, pattern: Pattern) -> None:
    """The first deployment has failed: try the template as it is now. Raises NotTaken."""
    library.use(library.library_of(pattern))
    project.pattern, project.lab = pattern, deployed(pattern)
    page = lab_document(project.lab)["page"]
    note(settings.VAR_DIR, Running(os.getpid(), str(pattern.template.path), page))
    if project.lab.status != Status.READY:
        raise NotTaken(project.lab.reason)
    say(f"Page: {page}")


def _is_same(one: Resource, before: Resource | None) -> bool:
    return before is not None and (one.type, one.properties) == (before.type, before.properties)


def _release_all(project: Project) -> None:
    """Remove the faults that are in force."""
    project.lab.refresh_from_db()
    demo = project.pattern.demo
    for lever in demo.levers if demo else ():
        if lever.id in project.lab.pulled:
            try:
                move_lever(project.lab, lever, "release")
                say(f"The fault {lever.id} was removed, because the faults have changed.")
            except LeverRefused as error:
                say(f"The fault {lever.id} could not be removed: {error}")
