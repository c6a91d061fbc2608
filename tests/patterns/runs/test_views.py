"""The views of a run say and show what was observed: no more, no less, and in its order."""

import json
import re
import xml.etree.ElementTree as ET

import pytest
from django.template.loader import render_to_string

from catalogue.patterns.content.library import library
from catalogue.patterns.runs.document import Check, Run
from catalogue.patterns.runs.views import RunViews, raw, run_views
from catalogue.patterns.runs.waterfall import MOST_LANES, Bar, Said, Scale, WaterfallRow, spread
from catalogue.patterns.runs.words import busiest, counted, duration, joined
from tests.patterns.runs.documents import action, burst, call, gauge, invocation, line, run_of
from tests.patterns.support.html import read_page


def views(run: Run) -> RunViews:
    return run_views(run, library().get(run.pattern))


def test_views_of_one_run_are_made_once_and_those_of_another_again() -> None:
    run, other = cold_call(), cold_call()

    assert views(run) is views(run)
    assert views(other) is not views(run)
    assert views(other).run is other


def test_bars_are_drawn_with_what_they_are_called_escaped() -> None:
    row = WaterfallRow("", "edge", "", (Bar(1.5, 20.0, "edge", 'GET /a"><b>', 2),), said=(Said(3.0, "", ""),))

    assert row.drawn == (
        '<i class="bar bar--edge placed l2-1 l3-5 w1-2 lane-2" '
        'title="GET /a&quot;&gt;&lt;b&gt;"></i><i class="fall__said placed l2-3"></i>'
    )


def sentences(run: Run) -> list[str]:
    return [line.text for told in views(run).narrative for line in told.lines]


def cold_call() -> Run:
    return run_of(
        "function-as-a-web-service",
        [
            call(0, 120, "/zones"),
            invocation(105, 10, "QuoteFunction", init_ms=95),
            line(106, "QuoteFunction", "request.received", path="/zones", cold=True),
        ],
        actions=[action(0, "Ask <once> & look")],
    )


def every_kind() -> list[Run]:
    return [
        cold_call(),
        burst(),
        run_of("gateway-validator", []),
        run_of("function-as-a-web-service", [call(0, 5, "/nowhere", 403)], variant="naive"),
        run_of(
            "function-as-a-web-service",
            [call(0, 5, "/zones"), line(2, "QuoteFunction", "</script><b>", of=None, text="<i>")],
            actions=[action(0, "One"), action(50, "Two", cli="aws sqs purge-queue --queue-url …")],
        ),
    ]


# the story


def test_one_call_is_reported_sentence_by_sentence_in_order() -> None:
    assert sentences(cold_call()) == [
        "Caller sends GET /zones to Parcel API.",
        "Parcel API invokes Quote function, which has to start first: a cold start of 95 ms. It takes 10 ms.",
        "Quote function writes: request.received (path /zones, cold true).",
        "Parcel API answers 200 after 120 ms.",
    ]


def test_a_burst_is_reported_once_with_its_figures() -> None:
    told = sentences(burst())

    assert told[0] == (
        "Caller sends POST /orders 20 times within 69 ms. Order API answers 202 each time, having put it into "
        "Order queue itself: no function runs for it: half within 41 ms, the slowest in 50 ms."
    )
    assert (
        "Order queue is processed: Worker runs 4 times, at most 2 at once; half within 105 ms; 2 after a cold start."
        in told[1]
    )
    assert "Worker writes order.packed 20 times." in told
    assert "20 messages wait in Order queue." in told
    assert "Order queue is empty again." in told
    assert "Packed orders goes from 3 to 23 items." in told
    assert len(told) == 6


def test_a_refusal_says_that_nothing_ran_for_it() -> None:
    (told,) = views(run_of("gateway-validator", [call(0, 5, "/orders", 400, method="POST")])).narrative

    assert told.lines[-1].text == "API Gateway answers 400 after 5.0 ms, without calling a function."
    assert told.lines[-1].bad


def test_a_failure_names_the_function_that_failed() -> None:
    run = run_of(
        "function-as-a-web-service",
        [call(0, 50, "/zones", 502), invocation(5, 40, "QuoteFunction", error=True)],
    )

    assert sentences(run)[-2:] == [
        "Parcel API invokes Quote function. It fails after 40 ms.",
        "Parcel API answers 502 after 50 ms, because Quote function failed.",
    ]


def test_a_claim_that_does_not_hold_is_reported_as_such() -> None:
    checks = (Check(what="answers 200", ok=True, seen="200"), Check(what="one invocation", ok=False, seen="2"))
    run = run_of("function-as-a-web-service", [call(0, 5, "/zones")], actions=[action(0, "Ask", checks=checks)])

    assert sentences(run)[-1] == "Not as expected: one invocation. Seen: 2."


def test_a_count_read_as_a_chapter_begins_is_not_reported_as_its_doing() -> None:
    run = run_of(
        "gateway-proxy",
        [
            call(0, 9, "/scans", 202, method="POST", of=1),
            call(500, 3, "/scans", 415, method="POST", of=2),
            gauge(0, "Scans", 0, "items"),
            gauge(510, "Scans", 1, "items"),
        ],
        actions=[action(0, "Scan"), action(498, "Refused")],
    )

    assert sentences(run)[-1] == "Now Scans table has 1 item."


def test_placeholders_of_a_demo_are_shown_as_parameters() -> None:
    asked = action(0, "Ask").model_copy(update={"action": "GET /jobs/{{ job }}"})
    run = run_of("asynchronous-request-reply", [call(0, 5, "/jobs/1")], actions=[asked])

    assert views(run).narrative[0].action == "GET /jobs/{job}"


@pytest.mark.parametrize("run", every_kind(), ids=range(5))
def test_the_story_goes_forward_in_time(run: Run) -> None:
    for told in views(run).narrative:
        moments = [line.at for line in told.lines]
        assert moments == sorted(moments)


# the sequence


def test_the_sequence_has_a_lifeline_for_each_that_took_part_in_the_diagrams_order() -> None:
    svg = ET.fromstring(views(burst()).sequence.svg)
    lives = [group.attrib["data-life"] for group in svg.iter("g") if "data-life" in group.attrib]

    assert lives == ["Caller", "OrderApi", "OrderQueue", "WorkerFunction", "OrdersTable"]
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-label"] == "Sequence diagram of Caller, Order API, Order queue, Worker, Packed orders"


def test_a_burst_is_one_arrow_with_a_count() -> None:
    ((_, rows),) = views(burst()).sequence.parts

    assert rows == (
        "Caller calls Order API: POST /orders, 20 times.",
        "Order API calls Order queue: SendMessage, 20 times.",
        "Order API answers Caller: 202, 20 times; half within 41 ms, the slowest in 50 ms.",
        "Order queue hands over to Worker: batches, 4 times; half within 105 ms, 2 cold.",
        "Worker calls Packed orders: write.",
    )


def test_calls_hand_overs_and_answers_are_drawn_differently() -> None:
    svg = ET.fromstring(views(burst()).sequence.svg)
    kinds = [group.attrib["class"] for group in svg.iter("g") if "seq__row" in group.attrib.get("class", "")]

    assert kinds == [f"seq__row seq__row--{kind}" for kind in ("sync", "sync", "answer", "async", "sync")]
    heads = [path.attrib["d"] for path in svg.iter("path") if path.attrib.get("class") == "edge__head"]
    assert [head.endswith("z") for head in heads] == [True, True, False, False, True]
    assert len([rect for rect in svg.iter("rect") if rect.attrib.get("class") == "seq__cold"]) == 1


def test_every_arrow_and_word_of_the_sequence_lies_within_the_picture() -> None:
    for run in every_kind():
        drawn = views(run).sequence
        if not drawn.svg:
            continue
        svg = ET.fromstring(drawn.svg)
        _, _, width, height = map(float, svg.attrib["viewBox"].split())
        for spot in svg.iter("tspan"):
            assert 0 <= float(spot.attrib["x"]) <= width
            assert 0 <= float(spot.attrib["y"]) <= height
        for path in svg.iter("path"):
            assert all(float(x) <= width for x in re.findall(r"[MLH]([\d.]+)", path.attrib["d"]))


# the waterfall


def test_bars_stand_where_they_were_in_time() -> None:
    (fall,) = views(cold_call()).waterfalls
    edge, gateway, work = fall.rows

    assert (fall.start, fall.end) == (0, 120)
    assert [(bar.left, bar.width) for bar in edge.bars] == [(0, 100)]
    assert [(bar.kind, round(bar.left, 1), round(bar.width, 1)) for bar in work.bars] == [
        ("cold", 8.3, 79.2),
        ("work", 87.5, 8.3),
    ]
    assert [(round(bar.left, 1), round(bar.width, 1)) for bar in gateway.bars] == [(0, 8.3), (95.8, 4.2)]
    assert [(line.time, line.text) for line in work.said] == [("+1.0 ms", "request.received (path /zones, cold true)")]
    assert [tick.label for tick in fall.ticks] == ["0 ms", "20 ms", "40 ms", "60 ms", "80 ms", "100 ms", "120 ms"]


def test_a_long_run_is_folded_with_the_single_ones_behind() -> None:
    (fall,) = views(burst()).waterfalls

    assert [(row.kind, row.label, len(row.bars), row.lanes) for row in fall.rows] == [
        ("edge", "POST /orders × 20", 20, MOST_LANES),
        ("wait", "Order queue × 4", 4, 3),
        ("work", "Worker × 4", 6, 2),
    ]
    assert (len(fall.rows[0].single), fall.rows[0].more) == (12, 8)


@pytest.mark.parametrize("run", every_kind(), ids=range(5))
def test_no_bar_leaves_the_scale(run: Run) -> None:
    for fall in views(run).waterfalls:
        for row in (*fall.rows, *(single for summed in fall.rows for single in summed.single)):
            for bar in row.bars:
                assert 0 <= bar.left <= 100
                assert 0 <= bar.left + bar.width <= 100.001


def test_what_overlaps_stands_one_below_the_other() -> None:
    spans = [(0, 10), (5, 10), (10, 5), (30, 5)]
    bars, lanes = spread([(Bar(left, width, "work", ""),) for left, width in spans])

    assert lanes == 2
    assert [bar.lane for bar in bars] == [0, 1, 0, 0]


@pytest.mark.parametrize("span", [1, 7, 40, 999, 12_345, 600_000])
def test_a_scale_has_a_few_round_ticks(span: float) -> None:
    ticks = Scale(100, 100 + span).ticks()

    assert 2 <= len(ticks) <= 9
    assert ticks[0].left == 0
    assert ticks[-1].left <= 100


# what the player plays


def test_the_moments_go_forward_and_end_at_one() -> None:
    for run in every_kind():
        moments = json.loads(views(run).play)["moments"]
        assert [one["at"] for one in moments] == sorted(one["at"] for one in moments)
        assert [one["pos"] for one in moments] == sorted(one["pos"] for one in moments)
        if len(moments) > 1:
            assert (moments[0]["pos"], moments[-1]["pos"]) == (0, 1)


def test_counts_are_as_of_the_moment() -> None:
    moments = json.loads(views(burst()).play)["moments"]
    counts: dict[str, list[str]] = {}
    for moment in moments:
        for node, text in moment.get("counts", {}).items():
            counts.setdefault(node, []).append(text)

    assert counts["OrderApi"][0] == "1 request"
    assert counts["OrderApi"][-1] == "20 requests"
    assert counts["WorkerFunction"] == ["1 run", "2 runs", "3 runs", "4 runs"]
    assert counts["OrderQueue"] == ["20 waiting", "0 waiting"]
    assert counts["OrdersTable"] == ["3 items", "23 items"]


def test_a_node_is_at_work_until_its_answer() -> None:
    moments = json.loads(views(cold_call()).play)["moments"]
    begun = next(one for one in moments if one.get("edges") == ["ParcelApi>QuoteFunction"])

    assert (begun["at"], begun["until"], begun["nodes"]) == (10, 115, ["QuoteFunction"])
    assert moments[-1]["edges"] == ["<Caller>ParcelApi"]


# the fragment


@pytest.mark.parametrize("run", every_kind(), ids=range(5))
def test_the_fragment_is_sound_html_with_all_five_views(run: Run) -> None:
    html = render_to_string("runs/_views.html", {"views": views(run)})
    page = read_page(html)

    assert page.faults == []
    assert page.ids == []  # several may stand on one page
    shown = [section["data-view"] for section in page.all("section") if "data-view" in section]
    assert shown == ["story", "sequence", "waterfall", "events", "cost"]
    assert "</script><b>" not in html


@pytest.mark.parametrize("run", every_kind(), ids=range(5))
def test_the_fragment_carries_the_document_as_data(run: Run) -> None:
    html = render_to_string("runs/_views.html", {"views": views(run)})
    (data,) = re.findall(r'<script type="application/json" data-run>(.*?)</script>', html)

    assert Run.model_validate(json.loads(data)) == run
    assert Run.model_validate(json.loads(raw(run.model_dump(mode="json")))) == run


def test_the_twin_is_not_shown_in_the_patterns_picture() -> None:
    run = run_of("gateway-proxy", [call(0, 5, "/scans", 202, method="POST")], variant="naive")

    assert views(run).diagram == ""
    assert "data-diagram" in views(run.model_copy(update={"variant": "pattern"})).diagram


# words


@pytest.mark.parametrize(
    ("ms", "said"), [(0, "0 ms"), (0.4, "0.4 ms"), (9.94, "9.9 ms"), (31.4, "31 ms"), (2410, "2.41 s")]
)
def test_durations_are_said_with_the_figures_one_compares(ms: float, said: str) -> None:
    assert duration(ms) == said


def test_counts_and_lists_are_said_as_one_says_them() -> None:
    assert [counted(1, "item"), counted(2, "item"), counted(0, "query", "queries")] == [
        "1 item",
        "2 items",
        "0 queries",
    ]
    assert [joined(["a"]), joined(["a", "b", "c"]), joined([])] == ["a", "a, b and c", ""]


def test_what_follows_directly_is_not_at_once() -> None:
    assert busiest([(0, 10), (10, 20), (5, 12)]) == 2
    assert busiest([]) == 0
