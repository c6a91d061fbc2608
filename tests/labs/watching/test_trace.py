"""Log lines become events: pure, on lines as AWS and as the embedded AWS write them."""

import json

from catalogue.labs.watching.trace import Event, LogLine, LogReader, billed_ms

TRACE = "1-6b0406f5-6a4f8d0ccf3d54cf950abdda"


def read(*messages: str, at_ms: int = 1_795_426_037_000, stream: str = "s") -> list[Event]:
    return list(LogReader().read(LogLine("Web", stream, at_ms, message) for message in messages))


def test_an_invocation_tells_duration_memory_and_its_handlers_trace() -> None:
    said = {"at": 1_795_426_036.5, "step": "order.accepted", "trace": f"Root={TRACE};Sampled=1"}
    log, invocation = read(
        "START RequestId: r-1 Version: $LATEST\n",
        json.dumps(said),
        "END RequestId: r-1\n",
        "REPORT RequestId: r-1\tDuration: 6.20 ms\tBilled Duration: 187 ms\tMemory Size: 256 MB\t"
        "Max Memory Used: 40 MB\tInit Duration: 180.05 ms\t\n",
    )
    assert (log.kind, log.data["at"], log.data["trace"], log.data["json"]) == (
        "log",
        1_795_426_036.5,
        TRACE,
        said,
    )
    assert invocation.data == {
        "at": 1_795_426_036.9938,
        "function": "Web",
        "request_id": "r-1",
        "ms": 6.2,
        "cold": True,
        "init_ms": 180.05,
        "billed_ms": 187,
        "memory_mb": 256,
        "error": False,
        "trace": TRACE,
    }


def test_an_exception_as_aws_writes_it_marks_the_invocation() -> None:
    events = read(
        "START RequestId: r-1 Version: $LATEST",
        "[ERROR] ValueError: no\nTraceback (most recent call last):\n  File …",
        "END RequestId: r-1",
        "REPORT RequestId: r-1\tDuration: 2.00 ms\tMemory Size: 128 MB\t",
    )
    assert [event.kind for event in events] == ["log", "invocation"]
    assert events[0].data["message"].startswith("[ERROR] ValueError: no\nTraceback")
    assert events[1].data["error"] is True
    assert events[1].data["cold"] is False


def test_a_timeout_marks_the_invocation() -> None:
    events = read(
        "START RequestId: r Version: 1",
        "2026-11-23T09:00:00.000Z r Task timed out after 3.00 seconds",
        "REPORT RequestId: r\tDuration: 3000.00 ms\tMemory Size: 128 MB",
    )
    assert events[-1].data["error"] is True


def test_plain_lines_of_one_moment_are_one_message() -> None:
    (event,) = read("Traceback:", "  File x", "", "    boom")
    assert event.data["message"] == "Traceback:\n  File x\n    boom"


def test_invocations_of_several_streams_do_not_mix() -> None:
    reader = LogReader()
    lines = [
        LogLine("Web", "a", 1, "START RequestId: r-a Version: 1"),
        LogLine("Web", "b", 2, "START RequestId: r-b Version: 1"),
        LogLine("Web", "a", 3, json.dumps({"trace": TRACE})),
        LogLine("Web", "b", 4, "[ERROR] no"),
        LogLine("Web", "a", 5, "REPORT RequestId: r-a\tDuration: 1 ms"),
        LogLine("Web", "b", 6, "REPORT RequestId: r-b\tDuration: 1 ms"),
    ]
    ended = [event.data for event in reader.read(lines) if event.kind == "invocation"]
    assert [(data["request_id"], data["trace"], data["error"]) for data in ended] == [
        ("r-a", TRACE, False),
        ("r-b", None, True),
    ]


def test_an_invocation_may_be_read_in_two_goes() -> None:
    reader = LogReader()
    list(reader.read([LogLine("Web", "a", 1, "START RequestId: r Version: 1"), LogLine("Web", "a", 1, "[ERROR] no")]))
    (event,) = reader.read([LogLine("Web", "a", 2, "REPORT RequestId: r\tDuration: 1.5 ms\tMemory Size: 128 MB")])
    assert event.data["error"] is True


def test_what_only_looks_like_json_or_a_time_does_no_harm() -> None:
    events = read('{"at": "soon", "trace": 5}', "{not json}", '{"at": NaN}', "[" * 2000)
    assert [event.kind for event in events] == ["log", "log", "log", "log"]
    assert events[0].data["at"] == 1_795_426_037.0


def test_without_a_reported_figure_duration_and_init_are_billed_rounded_up() -> None:
    assert [billed_ms(6.2), billed_ms(6.0), billed_ms(0.01), billed_ms(6.2, 180.05)] == [7, 6, 1, 187]
    assert billed_ms(6.2, 180.05, 200.0) == 200
    (event,) = read("REPORT RequestId: r\tDuration: 2.50 ms\tMemory Size: 128 MB\tInit Duration: 100.75 ms")
    assert event.data["billed_ms"] == 104


def test_a_second_invocation_in_one_stream_has_its_own_result_and_trace() -> None:
    second = TRACE.replace("6b0406f5", "6b0406f6")
    events = read(
        "START RequestId: r-1 Version: 1",
        json.dumps({"trace": TRACE}),
        "[ERROR] no",
        "REPORT RequestId: r-1\tDuration: 1 ms",
        "START RequestId: r-2 Version: 1",
        json.dumps({"trace": second}),
        "REPORT RequestId: r-2\tDuration: 1 ms",
        "START RequestId: r-3 Version: 1",
        "a line without a trace",
        "REPORT RequestId: r-3\tDuration: 1 ms",
    )
    ended = [event.data for event in events if event.kind == "invocation"]
    assert [(data["request_id"], data["trace"], data["error"]) for data in ended] == [
        ("r-1", TRACE, True),
        ("r-2", second, False),
        ("r-3", None, False),
    ]
    (plain,) = [event.data for event in events if event.data.get("message") == "a line without a trace"]
    assert plain["trace"] is None


def test_an_invocation_runs_from_its_start_line_to_its_report_line() -> None:
    reader = LogReader()
    seen = []
    for message in (
        "START RequestId: r-1 Version: 1",
        "hello",
        "REPORT RequestId: r-1\tDuration: 1 ms",
        "START RequestId: r-2",
    ):
        list(reader.read([LogLine("Web", "a", 1, message)]))
        seen.append(reader.running)
    assert seen == [True, True, False, True]


def test_a_handlers_own_time_counts_within_a_thousand_seconds_of_the_logs() -> None:
    log = 1_795_426_037.0
    near, far = log - 999, log - 1000
    assert [event.data["at"] for event in read(json.dumps({"at": near}), json.dumps({"at": far}))] == [near, log]
    near, far = log + 999, log + 1000
    assert [event.data["at"] for event in read(json.dumps({"at": near}), json.dumps({"at": far}))] == [near, log]


def test_plain_lines_have_the_time_of_their_moment_in_seconds_and_other_moments_or_streams_are_other_messages() -> None:
    lines = [
        LogLine("Web", "b", 2_000, "one"),
        LogLine("Web", "b", 2_000, "two"),
        LogLine("Web", "b", 1_500, "three"),
        LogLine("Web", "a", 1_500, "four"),
    ]
    said = [(event.data["at"], event.data["message"]) for event in LogReader().read(lines)]
    assert said == [(2.0, "one\ntwo"), (1.5, "three"), (1.5, "four")]


def test_a_report_without_figures_or_with_impossible_ones_counts_as_nothing() -> None:
    (event,) = read("REPORT RequestId: r\tno figures")
    assert (event.data["ms"], event.data["billed_ms"], event.data["memory_mb"]) == (0.0, 0, 0)
    (event,) = read("REPORT RequestId: r\tDuration: 9999999999999 ms\tMemory Size: 1.2.3 MB")
    assert (event.data["ms"], event.data["memory_mb"]) == (0.0, 0)


def test_a_handlers_time_far_from_the_logs_is_not_believed_on_either_side() -> None:
    log = 1_795_426_037.0
    assert [event.data["at"] for event in read(json.dumps({"at": log + 5000}), json.dumps({"at": log - 5000}))] == [
        log
    ] * 2
