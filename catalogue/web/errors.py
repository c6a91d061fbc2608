"""Every refusal of the site, in the format that was asked for: a page, or problem+json (RFC 9457).

Views raise `Problem`; Django's own refusals (unknown address, wrong method, too large a body, failed
CSRF check, malformed path) are turned into the same shape, with DEBUG on as well. Only an unexpected
exception keeps Django's technical page while DEBUG is on.
"""

import re
import sys
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from inspect import iscoroutinefunction, markcoroutinefunction
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from asgiref.sync import sync_to_async
from django.core.exceptions import (
    BadRequest,
    DisallowedHost,
    PermissionDenied,
    RequestDataTooBig,
    SuspiciousOperation,
)
from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect, JsonResponse
from django.http.multipartparser import MultiPartParserError
from django.http.request import RawPostDataException
from django.http.response import HttpResponse, HttpResponseBase
from django.template.loader import render_to_string
from django.urls import Resolver404, resolve
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from catalogue.base.backends import faults
from catalogue.observability.requests.request_context import current
from catalogue.web.context import site

JSON_TYPES = ("application/json", "application/problem+json")
YAML_TYPES = ("application/yaml", "application/x-yaml", "text/yaml")
"""RFC 9512, and what was usual before it."""


class Problem(Exception):
    """A refusal with its HTTP status; `extra` becomes further members of the problem document."""

    def __init__(
        self,
        status: int,
        title: str = "",
        detail: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        **extra: Any,
    ) -> None:
        self.status = status
        self.title = title or HTTPStatus(status).phrase
        self.detail = detail
        self.headers = dict(headers or {})
        self.extra = extra
        super().__init__(f"{status} {self.title}: {detail}")


class StorageAway(Problem):
    """503: the database or the disk is away. It is logged once in a while, not for every request."""

    def __init__(self, request: HttpRequest, fault: BaseException) -> None:
        super().__init__(503, faults.TITLE, faults.DETAIL, headers={"Retry-After": str(faults.RETRY_SECONDS)})
        faults.faults.note(fault, f"{request.method} {request.path[:200]}")


class Suggestion(NamedTuple):
    """Where someone who met a 404 may have wanted to go."""

    title: str
    url: str


_suggesters: list[Callable[[str], list[Suggestion]]] = []


def suggest_with(suggester: Callable[[str], list[Suggestion]]) -> None:
    """Let a part of the site propose addresses near an unknown path; registering twice is harmless."""
    if suggester not in _suggesters:
        _suggesters.append(suggester)


def wants_html(request: HttpRequest) -> bool:
    """Whether to answer with a page rather than JSON.

    An Accept header that names one of the two decides, the earlier or heavier first (RFC 9110, 12.5.1).
    Where it names neither (curl, fetch), JSON or YAML content and the addresses of the labs and of `.json` files
    mean JSON.
    """
    named = [accepted for accepted in request.accepted_types if accepted.main_type != "*"]
    for accepted in named:
        if any(accepted.match(kind) for kind in ("text/html", "application/xhtml+xml")):
            return True
        if any(accepted.match(kind) for kind in JSON_TYPES):
            return False
    if request.content_type in (*JSON_TYPES, *YAML_TYPES):
        return False
    return not (re.match(r"/labs(/|$)", request.path) or request.path.endswith(".json"))


def respond(request: HttpRequest, problem: Problem) -> HttpResponse:
    """The problem as a page or as problem+json, never cached and varying by Accept."""
    response: HttpResponse
    if wants_html(request):
        context = {"status": problem.status, "title": problem.title, "detail": problem.detail} | problem.extra
        context["request_id"] = current().request_id
        # Storage is not asked for what only other pages show, such as who is logged in.
        known = site(request) | {"request": request} if isinstance(problem, StorageAway) else {}
        content = render_to_string("error.html", context | known, None if known else request)
        response = HttpResponse(content, status=problem.status)
    else:
        document = {"type": "about:blank", "title": problem.title, "status": problem.status}
        if problem.detail:
            document["detail"] = problem.detail
        if current().request_id:
            document["request_id"] = current().request_id
        extra = {
            name: [entry._asdict() for entry in value] if name == "suggestions" else value
            for name, value in problem.extra.items()
        }
        response = JsonResponse(document | extra, status=problem.status, content_type="application/problem+json")
    for name, value in problem.headers.items():
        response[name] = value
    response["Cache-Control"] = "no-store"
    patch_vary_headers(response, ["Accept"])
    if isinstance(problem, StorageAway):
        response._has_been_logged = True  # type: ignore[attr-defined]  # Django would log each of them
    return response


def problem_of(request: HttpRequest, exception: BaseException) -> Problem | None:
    """The refusal that an exception stands for; None for one that no one foresaw."""
    match exception:
        case Problem(status=404) if "suggestions" not in exception.extra:
            return _nothing_here(request, exception.title, exception.detail)
        case Problem():
            return exception
        case Http404():
            said = exception.args[0] if exception.args else ""
            return _nothing_here(request, "", said if isinstance(said, str) else "")
        case PermissionDenied():
            return Problem(403, detail=str(exception) or "You are not allowed to do this.")
        case RequestDataTooBig():
            return Problem(413, detail="The request's body is larger than this address accepts.")
        case DisallowedHost():
            return Problem(400, detail="This site does not answer under the host name of the request.")
        case SuspiciousOperation() | BadRequest() | MultiPartParserError() | RawPostDataException():
            return Problem(400, detail="The request is malformed and was ignored.")
        case _ if faults.is_storage_fault(exception):
            return StorageAway(request, exception)
    return None


def _nothing_here(request: HttpRequest, title: str, said: str) -> Problem:
    suggestions = [hint for suggester in _suggesters for hint in suggester(request.path)]
    detail = said or f"There is no page or file at {request.path[:200]}."
    extra: dict[str, Any] = {"suggestions": suggestions} if suggestions else {}
    return Problem(404, title, detail, **extra)


def malformed_path(request: HttpRequest) -> bool:
    """Whether the path holds a null byte, a broken percent escape or bytes that are no UTF-8."""
    scope: Mapping[str, Any] = getattr(request, "scope", None) or {}
    raw: bytes = scope.get("raw_path") or b""
    if "\0" in request.path or re.search(rb"%(?![0-9A-Fa-f]{2})", raw):
        return True
    try:
        unquote_to_bytes(raw).decode()
    except UnicodeDecodeError:
        return True
    return False


def _admit(request: HttpRequest) -> None:
    """Raise what would otherwise surface inside another middleware, where Django answers on its own."""
    if malformed_path(request):
        raise Problem(400, detail="The address is not valid percent-encoded UTF-8.")
    request.get_host()
    if request.method == "POST":
        _ = request.POST


def _refusal(request: HttpRequest) -> HttpResponse | None:
    try:
        _admit(request)
    except Exception as exception:
        problem = problem_of(request, exception)
        if problem is None:
            raise
        return respond(request, problem)
    return None


def _finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    if response.status_code != 405 or response.headers.get("Content-Type") == "application/problem+json":
        return response
    allowed = response.headers.get("Allow", "")
    detail = f"{request.method} is not allowed here. Allowed: {allowed}."
    return respond(request, Problem(405, detail=detail, headers={"Allow": allowed}))


class ErrorsMiddleware:
    """Admits well-formed requests only, and gives every refusal its shape."""

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        self.is_async = iscoroutinefunction(get_response)
        if self.is_async:
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.is_async:
            return self._answer(request)
        response: HttpResponseBase = _refusal(request) or self.get_response(request)
        return _finish(request, response)

    async def _answer(self, request: HttpRequest) -> HttpResponseBase:
        response: HttpResponseBase | None = await sync_to_async(_refusal)(request)
        if response is None:
            response = await self.get_response(request)
        if response.status_code == 405:
            return await sync_to_async(_finish)(request, response)
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        problem = problem_of(request, exception)
        return respond(request, problem) if problem else None


def read_only[View: Callable[..., HttpResponseBase]](view: View) -> View:
    """GET and HEAD only. Nothing changes here, so another method is a 405 before it is a question of CSRF."""
    return csrf_exempt(require_safe(view))


@csrf_exempt
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponseBase:
    """The last address of all: the same path with a slash where that is a page, a helpful 404 otherwise."""
    if exception is None and request.method in ("GET", "HEAD") and not request.path.endswith("/"):
        # The catch-all makes every path valid, so CommonMiddleware's APPEND_SLASH never applies.
        try:
            found = resolve(request.path_info + "/")
        except Resolver404:
            found = None
        if found and found.func is not not_found:
            return HttpResponsePermanentRedirect(request.get_full_path(force_append_slash=True))
    return respond(request, problem_of(request, exception or Http404()) or Problem(404))


def refused(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler400 and handler403: what other middlewares refuse while DEBUG is off."""
    return respond(request, problem_of(request, exception) or Problem(400))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW."""
    detail = (
        "The form's protection against forged requests did not match. "
        "Go back, reload the page and send the form again. The site's cookies must be allowed."
    )
    return respond(request, Problem(403, detail=detail))


def server_error(request: HttpRequest) -> HttpResponse:
    """Django's handler500, which must not fail itself: plain text when even the page cannot be made.

    What fails in a middleware comes here and not to `process_exception`: a session that cannot be saved, for one.
    """
    if (error := sys.exception()) is not None and faults.is_storage_fault(error):
        return respond(request, StorageAway(request, error))
    detail = "Something went wrong on our side. Your request was fine. Please try again in a moment."
    try:
        return respond(request, Problem(500, detail=detail))
    except Exception:
        named = f"Request id: {current().request_id}\n" if current().request_id else ""
        return HttpResponse(f"500 Internal Server Error\n{detail}\n{named}", status=500, content_type="text/plain")
