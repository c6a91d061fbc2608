"""`manage.py newsletter …`: all that an editor or operator does with the newsletter, from a terminal."""

from collections.abc import Callable
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalogue.newsletter.mail import editing, updates
from catalogue.newsletter.management.console import bounces, doctor, editors, people, sending
from catalogue.newsletter.subscribers.suppression import keys as suppression_keys

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
    "bounces": bounces.bounces,
    "doctor": doctor.examine,
}


class Command(BaseCommand):
    help = "Draft, preview, release and watch updates; import and export subscribers; check the mail setup."
    requires_system_checks = ()  # the subcommands that send run the newsletter's own

    def add_arguments(self, parser: CommandParser) -> None:
        subs = parser.add_subparsers(dest="sub", required=True, metavar="command", parser_class=_Quiet)
        subs.add_parser("list", help="all updates with their states")
        subs.add_parser("draft", help="make drafts of new and revised patterns")
        about = {
            "preview": "the mail as it would be sent",
            "test": "send it to one address, outside the queue",
            "schedule": "release it automatically at a given time",
            "unschedule": "make it a draft again",
            "release": "queue it for all readers who want it",
            "pause": "stop sending for now",
            "resume": "continue sending",
            "cancel": "never send the mails that are not sent yet",
            "status": "show the progress",
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
        number.add_argument("--yes", action="store_true", help="send to any number of recipients")
        number.add_argument("--expect", type=int, metavar="N", help="send only if it goes to exactly N recipients")
        send = subs.add_parser("send", help="run the mail loop alone, until SIGTERM or Ctrl-C")
        send.add_argument("--once", action="store_true", help="send what is due now, then exit")
        subs.add_parser("export", help="all subscribers as CSV on stdout")
        take_in = subs.add_parser("import", help="add subscribers from a CSV file")
        take_in.add_argument("file")
        take_in.add_argument("--source", required=True, help="where these people agreed; kept with their consent")
        take_in.add_argument("--dry-run", action="store_true", help="check everything, change nothing")
        subs.add_parser("suppress", help="never send mail to an address").add_argument("address")
        erase = subs.add_parser("erase", help="delete everything stored about an address, for a request by mail")
        erase.add_argument("address")
        leave = subs.add_parser("unsubscribe", help="unsubscribe a reader, for a request by mail")
        leave.add_argument("who", help="the subject of that mail, or an address")
        read = subs.add_parser("bounces", help="process the bounces and complaints in a mailbox")
        read.add_argument(
            "place", nargs="?", default="", help="-, a file, an mbox, a Maildir, imaps://user@host/folder"
        )
        read.add_argument(
            "--recipient", default="", help="the envelope recipient, if the mail server passes it separately"
        )
        read.add_argument("--most", type=int, default=1000, help="stop after this many mails (default: 1000)")
        read.add_argument("--delete", action="store_true", help="delete the mails that were understood")
        subs.add_parser("doctor", help="check what only an operator can fix: DNS, SES, addresses")

    def handle(self, *args: Any, sub: str, **options: Any) -> None:
        if sub in _CHECKED:
            self.check(tags=["newsletter"])
        try:
            _DO[sub](out=self.stdout, err=self.stderr, **options)
        except (editing.Refused, updates.NotNow, suppression_keys.WrongKey) as error:
            raise CommandError(str(error)) from error


class _Quiet(CommandParser):
    """Subparsers know only what they were told: Django's own options belong to the command."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
