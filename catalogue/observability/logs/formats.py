"""Log lines: the request's context on each record, and the two formats, `line` and `json` (LOG_FORMAT).

JSON has one object a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, and where known `request_id`, `lab`,
`trace`, `client`, `exception`, plus what a record brings itself in `extra={"fields": {...}}`.
"""

import json
import logging
import re
import time
from typing import Any

from catalogue.observability.logs.scrub import scrubbed, scrubbed_value
from catalogue.observability.requests.request_context import current

CONTEXT = ("request_id", "lab", "trace", "client")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


class WithContext(logging.Filter):
    """Puts the context of the request under way on each record that passes; drops none."""

    def filter(self, record: logging.LogRecord) -> bool:
        context = current()
        for name in CONTEXT:
            if not getattr(record, name, ""):
                setattr(record, name, getattr(context, name))
        return True


class _Formatter(logging.Formatter):
    converter = staticmethod(time.gmtime)

    def message(self, record: logging.LogRecord) -> str:
        try:
            return scrubbed(record.getMessage())
        except (TypeError, ValueError):  # arguments that do not fit the format: a line is worth more than none
            return scrubbed(f"{record.msg} {record.args!r}")

    def exception(self, record: logging.LogRecord) -> str:
        if record.exc_info and record.exc_info[0] is not None:
            return scrubbed(self.formatException(record.exc_info))
        return scrubbed(record.exc_text or "")

    def moment(self, record: logging.LogRecord) -> str:
        return f"{self.formatTime(record, '%Y-%m-%dT%H:%M:%S')}.{int(record.msecs):03d}Z"


class LineFormatter(_Formatter):
    """For people: `2026-11-30T12:00:00.000Z WARNING catalogue.labs: … [request_id=… lab=…]`.

    Control characters in the message are escaped, so that no one can forge a second line; a traceback follows as
    lines of its own.
    """

    def format(self, record: logging.LogRecord) -> str:
        message = _CONTROL.sub(lambda found: repr(found[0])[1:-1], self.message(record))
        known = " ".join(f"{name}={value}" for name in CONTEXT if (value := getattr(record, name, "")))
        line = f"{self.moment(record)} {record.levelname} {record.name}: {message}{f' [{known}]' if known else ''}"
        exception = self.exception(record)
        return f"{line}\n{exception}" if exception else line


class JsonFormatter(_Formatter):
    """For log collectors."""

    def format(self, record: logging.LogRecord) -> str:
        document: dict[str, Any] = {
            "time": self.moment(record),
            "level": record.levelname,
            "logger": record.name,
            "message": self.message(record),
        }
        document |= {name: value for name in CONTEXT if (value := getattr(record, name, ""))}
        fields = getattr(record, "fields", None)
        if isinstance(fields, dict):
            document |= scrubbed_value(fields)
        exception = self.exception(record)
        if exception:
            document["exception"] = exception
        return json.dumps(document, ensure_ascii=False, separators=(",", ":"), default=str)


def configuration(log_format: str, level: str) -> dict[str, Any]:
    """Django's LOGGING. uvicorn's loggers pass through the same handler."""
    through = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {"()": "catalogue.observability.logs.formats.LineFormatter"},
            "json": {"()": "catalogue.observability.logs.formats.JsonFormatter"},
        },
        "filters": {"context": {"()": "catalogue.observability.logs.formats.WithContext"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": log_format, "filters": ["context"]},
            "counted": {"class": "catalogue.observability.logs.log_counts.Counted", "level": "WARNING"},
        },
        "root": {"handlers": ["stderr", "counted"], "level": level},
        "loggers": {
            "django": {"handlers": [], "propagate": True, "level": level},  # its own handlers have formats of their own
            "django.server": {"handlers": [], "propagate": True, "level": "INFO"},  # runserver's access log
            "psycopg.pool": {"level": "ERROR"},  # it warns of each attempt while the database is away
            "uvicorn": through,
            "uvicorn.error": through,
            "uvicorn.access": {"handlers": [], "propagate": False},
            "catalogue.access": {"level": "INFO", "propagate": True},
        },
    }
