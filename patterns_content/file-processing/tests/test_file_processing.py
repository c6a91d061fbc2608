"""File Processing's handlers, against real buckets and tables: encoded keys, duplicates, late events, lost files."""

import json
from collections.abc import Callable
from itertools import count
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handler_tests import LambdaContext, LoadHandler, LogLines, client

SLUG = "file-processing"
_runs = count(1)


class Club:
    """The uploader, the processor, the recorder and the reader, with two buckets and two tables of their own."""

    def __init__(self, load: LoadHandler, files: str, arrivals: str, aws: str) -> None:
        run = next(_runs)
        self.s3, self.dynamodb = client("s3", aws), client("dynamodb", aws)
        self.incoming, self.summaries = f"incoming-{run}", f"summaries-{run}"
        for bucket in (self.incoming, self.summaries):
            self.s3.create_bucket(Bucket=bucket)
        self.arrivals = arrivals
        environment = {
            "AWS_ENDPOINT_URL": aws,
            "INCOMING_BUCKET": self.incoming,
            "SUMMARY_BUCKET": self.summaries,
            "FILES_TABLE": files,
            "ARRIVALS_TABLE": arrivals,
            "CRASH_AFTER_WORK": "no",
        }
        self.uploader = load(f"{SLUG}/functions/uploader/app.py", **environment)
        self.processor = load(f"{SLUG}/functions/processor/app.py", **environment)
        self.recorder = load(f"{SLUG}/functions/recorder/app.py", **environment)
        self.reader = load(f"{SLUG}/functions/reader/app.py", **environment)

    def upload(self, name: str, csv: str = "hour,tenths\n6,-5\n9,12\n") -> int:
        event = {"headers": {"X-Amzn-Trace-Id": "Root=1-abc"}, "body": json.dumps({"name": name, "csv": csv})}
        status: int = self.uploader.handler(event, LambdaContext())["statusCode"]
        return status

    def event(self, name: str, sequencer: str) -> dict[str, Any]:
        """The event that S3 sends to a function."""
        key = quote_plus(f"incoming/{name}", safe="/")
        named = {"bucket": {"name": self.incoming}, "object": {"key": key, "sequencer": sequencer}}
        return {"Records": [{"s3": named}]}

    def process(self, name: str, sequencer: str) -> None:
        self.processor.handler(self.event(name, sequencer), LambdaContext())

    def read(self, name: str) -> dict[str, Any]:
        answer = self.reader.handler({"headers": None, "pathParameters": {"name": name}}, LambdaContext())
        return {"code": answer["statusCode"], **json.loads(answer["body"])}

    def stored(self) -> list[str]:
        return [one["Key"] for one in self.s3.list_objects_v2(Bucket=self.summaries).get("Contents", [])]


@pytest.fixture
def club(load_handler: LoadHandler, make_table: Callable[[str, str], str], embedded_aws: str) -> Club:
    return Club(load_handler, make_table(SLUG, "FilesTable"), make_table(SLUG, "ArrivalsTable"), embedded_aws)


@pytest.mark.parametrize("name", ["ben.csv", "Loch Ness + Nevis.csv", "Größe 100%.csv", "a&b=c?d#e.csv"])
def test_a_file_of_any_name_is_summarized(club: Club, log_lines: LogLines, name: str) -> None:
    assert club.upload(name) == 202
    club.process(name, "01")
    row = club.read(name)
    assert (row["status"], row["readings"], row["lowest"], row["highest"]) == ("processed", 2, -5, 12)
    assert club.stored() == [row["summary"]]
    (done,) = [line for line in log_lines() if line["step"] == "file.processed"]
    assert (done["trace"], done["key"]) == ("Root=1-abc", f"incoming/{name}")


def test_a_second_delivery_does_nothing(club: Club, log_lines: LogLines) -> None:
    club.upload("ben.csv")
    club.process("ben.csv", "0A")
    club.s3.delete_object(Bucket=club.incoming, Key="incoming/ben.csv")
    club.process("ben.csv", "0a")
    steps = [line["step"] for line in log_lines()]
    assert steps.count("file.processed") == steps.count("file.repeated") == 1


def test_an_event_that_was_overtaken_changes_nothing(club: Club, log_lines: LogLines) -> None:
    club.upload("ben.csv")
    club.process("ben.csv", "02")
    before = club.read("ben.csv")
    club.upload("ben.csv", "hour,tenths\n1,1\n")
    club.process("ben.csv", "01FF")
    assert club.read("ben.csv") == before
    assert "file.overtaken" in [line["step"] for line in log_lines()]


def test_a_slow_run_does_not_overwrite_the_row_of_a_newer_event(club: Club, log_lines: LogLines) -> None:
    club.upload("ben.csv")
    names = club.processor.process.__globals__
    outcome, other = names["outcome"], [True]

    def slow(key: str, found: dict[str, Any]) -> Any:
        facts = outcome(key, found)
        if other and other.pop():
            club.upload("ben.csv", "hour,tenths\n1,99\n")
            club.process("ben.csv", "02")
        return facts

    names["outcome"] = slow
    club.process("ben.csv", "01")
    assert club.read("ben.csv")["highest"] == 99
    assert [line["step"] for line in log_lines()].count("file.overtaken") == 1


def test_a_run_that_crashes_after_its_work_is_recognized_the_next_time(
    club: Club, log_lines: LogLines, monkeypatch: pytest.MonkeyPatch
) -> None:
    club.upload("ben.csv")
    monkeypatch.setenv("CRASH_AFTER_WORK", "yes")
    with pytest.raises(club.processor.Crash):
        club.process("ben.csv", "01")
    club.process("ben.csv", "01")
    steps = [line["step"] for line in log_lines()]
    assert steps.count("file.processed") == steps.count("file.repeated") == 1


def test_a_file_that_is_gone_is_no_failure(club: Club, log_lines: LogLines) -> None:
    club.process("gone.csv", "01")
    assert [line["step"] for line in log_lines()] == ["event.received", "file.gone"]
    assert club.read("gone.csv")["code"] == 404


@pytest.mark.parametrize(
    "csv",
    [
        "",
        "\n",
        "hour,tenths\n",
        "hour;tenths\n6;1\n",
        "hour,tenths\n6\n",
        "hour,tenths\n6,1,2\n",
        "hour,tenths\n6,1.5\n",
        "hour,tenths\n6,\u0663\n",
        "hour,tenths\n6,--1\n",
        "hour,tenths\n6,1000\n",
        'hour,tenths\n6,"1',
        "hour,tenths\n\n",
    ],
)
def test_a_file_without_readings_is_rejected_and_not_retried(club: Club, csv: str) -> None:
    club.upload("ben.csv", csv)
    club.process("ben.csv", "01")
    row = club.read("ben.csv")
    assert row["status"] == "rejected"
    assert row["reason"]
    assert club.stored() == []


def test_a_file_that_is_no_text_is_rejected(club: Club) -> None:
    club.s3.put_object(Bucket=club.incoming, Key="incoming/ben.csv", Body=b"\xff\xfe\x00")
    club.process("ben.csv", "01")
    assert club.read("ben.csv")["status"] == "rejected"


@pytest.mark.parametrize("operation", ["GetObject", "PutObject"])
def test_a_run_that_s3_refuses_fails_and_leaves_no_row(club: Club, operation: str) -> None:
    club.upload("ben.csv")

    def refuse(model: Any, **_: Any) -> None:
        if model.name == operation:
            raise RuntimeError(operation)

    club.processor.s3.meta.events.register("before-call.s3", refuse)
    with pytest.raises(RuntimeError):
        club.process("ben.csv", "01")
    assert club.read("ben.csv")["code"] == 404


def test_a_sequencer_that_is_too_long_to_compare_fails(club: Club) -> None:
    with pytest.raises(ValueError, match="65 digits"):
        club.process("ben.csv", "0" * 65)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(order=st.permutations([0, 0, 1, 2, 2, 3]))
def test_in_whatever_order_events_come_the_row_has_the_last_upload(club: Club, order: list[int]) -> None:
    name = f"{next(_runs)}.csv"
    for number in order:  # an upload is always there before its event
        if number == max(order[: order.index(number) + 1]):
            club.upload(name, f"hour,tenths\n1,{number}\n")
        club.process(name, ["01", "0101", "02", "0F"][number])
    assert club.read(name)["highest"] == 3


def test_the_recorder_takes_the_key_as_it_is_and_a_duplicate_makes_no_second_row(club: Club) -> None:
    arrived = {"key": "incoming/a + b%20.csv", "sequencer": "01", "size": 5}
    event = {"time": "2026-12-01T12:00:00Z", "detail": {"object": arrived}}
    for _ in range(2):
        club.recorder.handler(event, LambdaContext())
    (row,) = club.dynamodb.scan(TableName=club.arrivals)["Items"]
    assert row["file"]["S"] == "incoming/a + b%20.csv"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "[]",
        "null",
        "{",
        "[" * 100_000,
        '{"name": "\\ud83d", "csv": ""}',
        '{"name": "a/b", "csv": ""}',
        '{"name": "a", "csv": 1}',
        '{"name": "", "csv": ""}',
        json.dumps({"name": "a", "csv": "x" * 100_001}),
    ],
    ids=lambda body: body[:40],
)
def test_what_is_no_file_is_refused_and_nothing_is_stored(club: Club, body: str) -> None:
    assert club.uploader.handler({"headers": None, "body": body}, LambdaContext())["statusCode"] == 400
    assert "Contents" not in club.s3.list_objects_v2(Bucket=club.incoming)


def test_an_upload_that_s3_refuses_is_a_503(club: Club) -> None:
    def refuse(model: Any, **_: Any) -> None:
        raise club.uploader.ClientError({"Error": {"Code": "SlowDown", "Message": "no"}}, model.name)

    club.uploader.s3.meta.events.register("before-call.s3", refuse)
    assert club.upload("ben.csv") == 503


@pytest.fixture
def twin(load_handler: LoadHandler, club: Club, make_table: Callable[[str, str], str], embedded_aws: str) -> Any:
    return load_handler(
        f"{SLUG}/functions/naive_processor/app.py",
        AWS_ENDPOINT_URL=embedded_aws,
        FILES_TABLE=make_table(SLUG, "FilesTable"),
        MOST_ROUNDS="2",
    )


def test_the_twin_writes_files_that_start_it_again_and_ends_after_its_rounds(club: Club, twin: Any) -> None:
    club.upload("ben.csv")
    for rounds in range(3):
        twin.handler(club.event(f"ben{'.summary' * rounds}.csv", "01"), LambdaContext())
    found = [one["Key"] for one in club.s3.list_objects_v2(Bucket=club.incoming)["Contents"]]
    assert found == ["incoming/ben.csv", "incoming/ben.summary.csv", "incoming/ben.summary.summary.csv"]


def test_the_twin_finds_no_file_with_a_space_in_its_name(club: Club, twin: Any) -> None:
    club.upload("a b.csv")
    with pytest.raises(twin.s3.exceptions.NoSuchKey):
        twin.handler(club.event("a b.csv", "01"), LambdaContext())
