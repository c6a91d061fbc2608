"""curl commands: any header and body survives the shell."""

import json
import shlex
import shutil
import subprocess
import threading
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.base.shell import word
from catalogue.patterns.content.schemas.pattern import Request
from catalogue.patterns.documents.download.curl import arguments, command

# NUL can stand in no argument of any program; surrogates are no text.
texts = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=60)
no_placeholder = texts.filter(lambda text: "{{" not in text)
header_values = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), min_size=1, max_size=40
).filter(lambda text: "{{" not in text and text.strip() != "")


def request(**fields: Any) -> Request:
    return Request.model_validate({"method": "POST", "path": "/orders", **fields})


@given(no_placeholder, st.dictionaries(st.from_regex(r"[a-z][a-z-]{0,12}", fullmatch=True), header_values))
def test_every_header_and_body_survives_quoting(body: str, headers: dict[str, str]) -> None:
    words = shlex.split(" ".join(arguments(request(text=body, headers=headers))))

    assert words[words.index("--data-raw") + 1] == body
    for name, value in headers.items():
        assert f"{name}: {value}" in words


@given(no_placeholder)
@settings(max_examples=40)
def test_a_shell_reads_the_words_as_they_were(text: str) -> None:
    shown = subprocess.run(["sh", "-c", f"printf %s {word(text)}"], capture_output=True, check=True).stdout

    assert shown == text.encode()


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=40).filter(lambda t: "{{" not in t))
def test_every_path_survives_quoting(tail: str) -> None:
    words = shlex.split(" ".join(arguments(Request(method="GET", path=f"/{tail}"))))

    assert words[-1] == f"$ENDPOINT/{tail}"


def test_a_plain_request_reads_plainly() -> None:
    assert command(Request(method="GET", path="/zones?x=1&y=2")) == 'curl -i "$ENDPOINT/zones?x=1&y=2"'


def test_json_is_sent_as_json() -> None:
    made = command(request(json={"it's": "é"}, headers={"x-a": "b"}))

    assert made == (
        'curl -i "$ENDPOINT/orders" \\\n'
        "  -H 'content-type: application/json' \\\n"
        "  -H 'x-a: b' \\\n"
        """  --data-raw '{"it'"'"'s": "é"}'"""
    )


def test_saved_values_and_built_ins_become_shell_expressions() -> None:
    made = arguments(request(path="/jobs/{{job-id}}", headers={"idempotency-key": "a-{{uuid}}"}, text="{{now}}"))

    assert made[1] == '"$ENDPOINT/jobs/${job_id}"'
    assert "'idempotency-key: a-'" + '"$(uuidgen || cat /proc/sys/kernel/random/uuid)"' in made
    assert made[-1] == '"$(date +%s)"'


def test_a_saved_value_is_expanded_by_a_shell_as_one_word() -> None:
    script = f"order_id='a b*'; printf '%s|' {word('x {{order_id}} $y')}"

    assert subprocess.run(["sh", "-c", script], capture_output=True).stdout == b"x a b* $y|"


@pytest.mark.parametrize(
    ("method", "body", "expected"),
    [
        ("GET", None, "curl -i "),
        ("POST", "x", "curl -i "),
        ("POST", None, "curl -i -X POST "),
        ("PUT", "x", "curl -i -X PUT "),
        ("GET", "x", "curl -i -X GET "),
        ("HEAD", None, "curl --head "),
    ],
)
def test_the_method_is_named_where_curl_would_choose_another(method: Any, body: str | None, expected: str) -> None:
    assert command(Request(method=method, path="/x", text=body)).startswith(expected + '"$ENDPOINT/x"')


class _Recorder(BaseHTTPRequestHandler):
    seen: ClassVar[list[tuple[str, str, dict[str, str], bytes]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length", 0)))
        self.seen.append((self.command, self.path, dict(self.headers), body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    _Recorder.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Recorder)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


def run(script: str, endpoint: str) -> None:
    subprocess.run(["sh", "-c", script], env={"ENDPOINT": endpoint, "PATH": "/usr/bin:/bin"}, check=True, timeout=60)


@needs_curl
@pytest.mark.parametrize("nasty", ["@/etc/passwd", 'it\'s "$HOME" `id` \\', "a\nb\n", "!x & y; #z", "%s {a,b}"])
def test_a_real_curl_sends_what_was_written(endpoint: str, nasty: str) -> None:
    run(command(request(json={"note": nasty}, path="/o[1]{x}")), endpoint)
    run(command(request(text=nasty, headers={"x-empty": "", "x-note": "'$a'"})), endpoint)

    (_, path, headers, body), (_, _, other_headers, text) = _Recorder.seen
    assert path == "/o[1]{x}"
    assert json.loads(body) == {"note": nasty}
    assert headers["content-type"] == "application/json"
    assert text == nasty.encode()
    assert "Content-Type" not in other_headers
    assert other_headers["x-empty"] == ""
    assert other_headers["x-note"] == "'$a'"


@needs_curl
@pytest.mark.parametrize("at_once", [1, 3, 20])
def test_a_burst_sends_every_call_once(endpoint: str, at_once: int) -> None:
    run(command(request(json={"n": "{{n}}"}, times=7, at_once=at_once)), endpoint)

    assert sorted(json.loads(seen[3])["n"] for seen in _Recorder.seen) == [str(n) for n in range(1, 8)]


@needs_curl
def test_a_form_arrives_with_its_file_at_the_address_that_an_answer_named(endpoint: str) -> None:
    form = {"key": "a 'b' @c;d", "policy": "{{policy}}"}
    file = {"bytes": 2000, "type": "image/jpeg", "name": "poster.jpg", "begins": "\xff\xd8'"}
    call = command(request(path="{{where}}", form=form, file=file), "http://127.0.0.1:1")
    run(f"where={endpoint}/bucket; policy=e==\n{call}", endpoint)

    ((_, path, headers, body),) = _Recorder.seen
    assert path == "/bucket"
    kind = next(value for name, value in headers.items() if name.lower() == "content-type")
    sent = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\n\n".encode() + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in sent.iter_parts()}
    assert list(parts) == ["key", "policy", "file"]
    assert [parts[name].get_payload() for name in form] == ["a 'b' @c;d", "e=="]
    assert parts["file"].get_content_type() == "image/jpeg"
    assert body.count(b"\xff\xd8'" + b"\0" * 1997) == 1


@needs_curl
def test_a_file_alone_is_the_body(endpoint: str) -> None:
    run(command(request(file={"bytes": 3, "type": "image/png"})), endpoint)

    ((_, _, headers, body),) = _Recorder.seen
    assert body == b"\0\0\0"
    assert headers["content-type"] == "image/png"
