"""Error reports to Sentry (SENTRY_DSN): what is logged at level error, without personal data.

Only logging is watched. No request is patched, timed or changed; no header, cookie, body, query, user or local
variable is sent, and every text of a report is scrubbed.
"""

from typing import Any

from django.conf import settings

from catalogue.base import fingerprint
from catalogue.observability.logs.scrub import scrubbed_value
from catalogue.observability.requests.request_context import current

_KEPT = ("event_id", "timestamp", "level", "logger", "platform", "release", "environment", "sdk", "contexts", "modules")
_SCRUBBED = ("message", "logentry", "exception", "breadcrumbs", "transaction", "tags", "threads")


def start() -> None:
    """Begin to send reports, if SENTRY_DSN is set and the package is there (a system check asks for it)."""
    if not settings.SENTRY_DSN:
        return
    try:
        import sentry_sdk
        from sentry_sdk.integrations.atexit import AtexitIntegration
        from sentry_sdk.integrations.dedupe import DedupeIntegration
        from sentry_sdk.integrations.excepthook import ExcepthookIntegration
        from sentry_sdk.integrations.logging import LoggingIntegration
        from sentry_sdk.integrations.threading import ThreadingIntegration
    except ImportError:
        return
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        environment="debug" if settings.DEBUG else "production",
        release=fingerprint.code()[:12],
        default_integrations=False,
        auto_enabling_integrations=False,
        integrations=[
            LoggingIntegration(),
            ExcepthookIntegration(),
            ThreadingIntegration(propagate_scope=False),
            DedupeIntegration(),
            AtexitIntegration(callback=lambda pending, timeout: None),
        ],
        include_local_variables=False,
        max_request_body_size="never",
        auto_session_tracking=False,
        trace_propagation_targets=[],
        before_send=scrubbed_event,
        before_breadcrumb=_without_data,
    )


def _without_data(crumb: Any, hint: Any = None) -> Any:
    """A log line before the error, without what stood on its record: the client's address, for one."""
    return {name: value for name, value in scrubbed_value(crumb).items() if name != "data"}


def scrubbed_event(event: Any, hint: Any = None) -> Any:
    """The report with what is known to be harmless, and the ids of the request it came from."""
    kept = {name: event[name] for name in _KEPT if name in event}
    kept |= {name: scrubbed_value(event[name]) for name in _SCRUBBED if name in event}
    context = current()
    known = {"request_id": context.request_id, "lab": context.lab, "trace": context.trace}
    tags = kept.get("tags")
    kept["tags"] = {**(tags if isinstance(tags, dict) else {}), **{name: one for name, one in known.items() if one}}
    return kept
