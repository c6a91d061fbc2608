"""curl commands for POSIX sh: whatever a header or body holds reaches the server unchanged.

`{{name}}` in a demo's request becomes a shell expression: built-ins are made on the spot, saved values are
shell variables of the same name. Quoting follows POSIX.1-2024, Shell Command Language, 2.2.
"""

import json
import re
import shlex
from collections.abc import Mapping

from catalogue.base.shell import PLACEHOLDER, expression, word
from catalogue.patterns.content.schemas.pattern import File, Request, Socket

_BEGINS_A_LINE = ("-H", "--data-raw", "--data-binary", "--form-string", "-F")
_PLAIN_IN_DOUBLE_QUOTES = re.compile(r"[A-Za-z0-9/_.~?=&%:@,+;-]*")


def shell_text(text: str) -> str:
    """Text for a reader, in which each `{{name}}` is the shell variable of that value: `$name`."""
    return PLACEHOLDER.sub(lambda match: expression(match[1]), text)


def _address(endpoint: str, path: str) -> str:
    if PLACEHOLDER.fullmatch(path):  # a whole address
        return word(path)
    if not _PLAIN_IN_DOUBLE_QUOTES.fullmatch(PLACEHOLDER.sub("", path)):
        return f'"{endpoint}"{word(path)}'
    return f'"{endpoint}{PLACEHOLDER.sub(lambda match: expression(match[1], braces=True), path)}"'


def body_text(request: Request) -> str | None:
    """The body as it is sent, or None."""
    if request.json_body is not None:
        return json.dumps(request.json_body, ensure_ascii=False)
    return request.text


def _headers(headers: Mapping[str, str], request: Request) -> dict[str, str]:
    given = {name.lower() for name in headers}
    if request.json_body is not None and "content-type" not in given:
        return {"content-type": "application/json", **headers}
    if request.file is not None and request.form is None and "content-type" not in given:
        return {"content-type": request.file.type, **headers}
    return dict(headers)


def arguments(request: Request, endpoint: str = "$ENDPOINT") -> list[str]:
    """The command's words after `curl`, each quoted; `endpoint` is shell text safe in double quotes.

    A file comes from standard input.
    """
    body = "@-" if request.file is not None else body_text(request)
    words = ["-i"]
    if request.method == "HEAD":
        words = ["--head"]
    elif request.method != ("GET" if body is None else "POST"):
        words += ["-X", request.method]
    if re.search(r"[\[\]{}]", PLACEHOLDER.sub("", request.path)):
        words.append("--globoff")
    words.append(_address(endpoint, request.path))
    headers = _headers(request.headers, request)
    for name, value in headers.items():
        # curl takes `name:` as "leave this header out" and `name;` as "send it empty".
        words += ["-H", word(f"{name}: {value}" if value.strip() else f"{name};")]
    if request.file is not None:
        words += ["-H", "Expect:"]  # curl would ask first, and the first status that it shows would be 100
    if request.form is not None and request.file is not None:
        for name, value in request.form.items():
            words += ["--form-string", word(f"{name}={value}")]
        words += ["-F", word(f"file=@-;type={request.file.type};filename={request.file.name}")]
    elif request.file is not None:
        words += ["--data-binary", "@-"]
    elif body is not None:
        if "content-type" not in {name.lower() for name in headers}:
            words += ["-H", shlex.quote("content-type:")]
        words += ["--data-raw", word(body)]
    return words


def _content(file: File) -> str:
    """A command that prints the file."""
    begins = file.begins.encode("latin-1")[: file.bytes]
    zeros = f"head -c {file.bytes - len(begins)} /dev/zero"
    if not begins:
        return zeros
    octal = "".join(f"\\{byte:03o}" for byte in begins)
    return f"{{ printf {shlex.quote(octal)}; {zeros}; }}"


def command(request: Request, endpoint: str = "$ENDPOINT") -> str:
    """The whole command; a burst becomes a loop with at most `at_once` calls side by side."""
    call = _talk(request, request.socket, endpoint) if request.socket else _curl(request, endpoint)
    if request.times == 1:
        return call
    return _loop(call, request.times, request.at_once)


def _curl(request: Request, endpoint: str) -> str:
    words = arguments(request, endpoint)
    lines = ["curl"]
    for place, text in enumerate(words):
        starts_line = place > 0 and text in _BEGINS_A_LINE and words[place - 1] not in _BEGINS_A_LINE
        if starts_line:
            lines.append(text)
        else:
            lines[-1] += f" {text}"
    call = " \\\n  ".join(lines)
    return call if request.file is None else f"{_content(request.file)} | {call}"


def _talk(request: Request, socket: Socket, endpoint: str) -> str:
    """The same with the download's `talk.py`, since curl speaks no WebSocket in scripts."""
    lines = [f"python3 talk.py {_address('$SOCKETS', request.path.removeprefix('/'))}"]
    lines += [f"--send {word(json.dumps(message, ensure_ascii=False))}" for message in socket.send]
    lines += [f"--ready {socket.ready}"] if socket.ready else []
    for call in socket.meanwhile:
        body = "" if call.json_body is None else json.dumps(call.json_body, ensure_ascii=False)
        lines.append(f"--call {call.method} {_address(endpoint, call.path)} {word(body)}")
    lines += [f"--receive {socket.receive} --within {socket.within:g}"] if socket.receive else []
    return " \\\n  ".join(lines)


def _loop(call: str, times: int, at_once: int) -> str:
    if at_once == 1:
        inside = call
    else:
        inside = f"{call} &\n[ $((n % {at_once})) -eq 0 ] && wait" if at_once < times else f"{call} &"
    last = "\nwait" if at_once > 1 else ""
    return f"n=1\nwhile [ $n -le {times} ]; do\n{inside}\nn=$((n + 1))\ndone{last}"
