"""`manage.py newsletter …`: all that an editor or operator does with the newsletter, from a terminal."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalogue.newsletter import editing, updates
from catalogue.newsletter.console import doctor, editors, people, sending

_CHECKED = {"send", "release", "test", "schedule"}
_DO: dict[str, Callable[..., None]] = {
    "list": editors.show_list,
    "draft": editors.draft,
    "preview": editors.preview,
    "test": editors.test,
    "schedule": editors.schedule,
    "unschedule": editors.unschedule,
    "release": editors.release,
    "pause": editors.pause,
    "resume": editors.resume,
    "cancel": editors.cancel,
    "status": editors.status,
    "send": sending.send,
    "export": people.export,
    "import": people.take_in,
    "suppress": people.suppress,
    "erase": people.erase,
    "unsubscribe": people.unsubscribe,
    "doctor": doctor.examine,
}


class Command(BaseCommand):
    help = "Draft, look at, release and watch updates; import and export subscribers; examine the mail's set-up."
    requires_system_checks = ()  # the subcommands that send run the newsletter's own

    def add_arguments(self, parser: CommandParser) -> None:
        subs = parser.add_subparsers(dest="sub", required=True, metavar="command", parser_class=_Quiet)
        subs.add_parser("list", help="all updates with their states")
        subs.add_parser("draft", help="make drafts of new and revised patterns")
        about = {
            "preview": "the mail as it would leave",
            "test": "send it to one address, beside the queue",
            "schedule": "release it by itself at a time",
            "unschedule": "make it a draft again",
            "release": "queue it for everybody who wants it",
            "pause": "send nothing more of it for now",
            "resume": "go on",
            "cancel": "never send what is not sent yet",
            "status": "how far it is",
        }
        parsers = {name: subs.add_parser(name, help=text) for name, text in about.items()}
        for one in parsers.values():
            one.add_argument("update", help="slug, slug@revision or id")
        part = parsers["preview"].add_mutually_exclusive_group()
        for name in ("html", "text", "headers"):
            part.add_argument(f"--{name}", dest="part", action="store_const", const=name, default="text")
        parsers["test"].add_argument("--to", required=True, help="an e-mail address")
        parsers["schedule"].add_argument("--at", required=True, help="such as 2026-12-01T09:00, in UTC")
        number = parsers["release"].add_mutually_exclusive_group()
        number.add_argument("--yes", action="store_true", help="to however many want it")
        number.add_argument("--expect", type=int, metavar="N", help="only if it goes to exactly so many")
        send = subs.add_parser("send", help="run the mail loop alone, until SIGTERM or Ctrl-C")
        send.add_argument("--once", action="store_true", help="send what is due now, then end")
        subs.add_parser("export", help="all subscribers as CSV on stdout")
        take_in = subs.add_parser("import", help="add subscribers from a CSV file")
        take_in.add_argument("file")
        take_in.add_argument("--source", required=True, help="where these people agreed: kept with their consent")
        take_in.add_argument("--dry-run", action="store_true", help="read and judge everything, change nothing")
        subs.add_parser("suppress", help="never send mail to an address").add_argument("address")
        erase = subs.add_parser("erase", help="for a mail that asks for it: forget all that is stored about an address")
        erase.add_argument("address")
        leave = subs.add_parser("unsubscribe", help="for a mail that asks for it: its subject, or an address")
        leave.add_argument("who", help="token or address")
        subs.add_parser("doctor", help="examine what only an operator can mend: DNS, SES, addresses")

    def handle(self, *args: Any, sub: str, **options: Any) -> None:
        if sub in _CHECKED:
            self.check(tags=["newsletter"])
        try:
            _DO[sub](out=self.stdout, err=self.stderr, **options)
        except (editing.Refused, updates.NotNow) as error:
            raise CommandError(str(error)) from error


class _Quiet(CommandParser):
    """Subparsers know only what they were told: Django's own options belong to the command."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
