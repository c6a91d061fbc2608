"""What a subscribe request may contain, whether it came from a form or as JSON."""

import json
import re
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest

from catalogue.newsletter.subscribers import consent, origin
from catalogue.web.errors import Problem

FORM_TYPES = ("application/x-www-form-urlencoded", "multipart/form-data")
_FIELDS = {"email", "anyway", "homepage", "form", "wording"}
_FORM_NAME = re.compile(r"[a-z0-9-]{1,40}")


@dataclass(frozen=True)
class SubscribeRequest:
    email: str
    trapped: bool  # the field that people do not see was filled in
    anyway: bool  # the warning about the address has been seen
    source: consent.Source


def read(request: HttpRequest) -> SubscribeRequest:
    """Raises `Problem`: 400 for a body that cannot be read, 415 for one in another format."""
    if request.content_type == "application/json":
        fields = _json_object(request)
        form = "json"
    elif request.content_type in FORM_TYPES or not request.body:
        fields = request.POST.dict()
        form = str(fields.get("form", ""))
    else:
        raise Problem(415, "This format is not supported", "Send the field email in a form or a JSON object.")
    email = fields.get("email", "")
    if not isinstance(email, str):
        raise Problem(400, "email must be a string", 'Send for example {"email": "you@example.com"}.')
    try:
        email.encode()
    except UnicodeEncodeError:  # JSON may escape halves of surrogate pairs
        raise Problem(400, "email is not valid text", "It contains half of a surrogate pair.") from None
    return SubscribeRequest(
        email=email,
        trapped=bool(fields.get("homepage")),
        anyway=bool(fields.get("anyway")),
        source=consent.Source(
            form=form if _FORM_NAME.fullmatch(form) else "",
            page=origin.own_path(request),
            wording=_wording(fields.get("wording")),
        ),
    )


def _json_object(request: HttpRequest) -> dict[str, Any]:
    try:
        value = json.loads(request.body)
    except (ValueError, RecursionError) as error:
        raise Problem(400, "The body is not valid JSON", str(error)) from error
    if not isinstance(value, dict):
        raise Problem(400, "The body must be a JSON object", 'Send for example {"email": "you@example.com"}.')
    unknown = sorted(value.keys() - _FIELDS)
    if unknown:
        # A client that sends topics would take a 202 for their acceptance.
        name = unknown[0].encode("utf-8", "replace").decode()[:40]
        raise Problem(
            400,
            "The object has an unknown member",
            f"{name!r} is not allowed. The members are email and anyway. Levels and topics are chosen after "
            "the confirmation.",
        )
    return value


def _wording(given: object) -> int:
    """The version the form says it showed (its page may be an older copy), else the current one."""
    try:
        version = int(str(given))
    except ValueError:
        return consent.CURRENT
    return version if version in consent.WORDINGS and version != consent.ELSEWHERE else consent.CURRENT
