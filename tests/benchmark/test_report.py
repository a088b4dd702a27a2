"""The benchmark's own arithmetic: ratios, verdicts, the table. Nothing here is timed."""

import json
from collections.abc import Sequence

import pytest

from scripts.benchmark import harness, items_requests
from scripts.benchmark.__main__ import ITEMS, REQUESTS, _items
from scripts.benchmark.harness import Bodies, Burst, Load
from scripts.benchmark.mixed import Answer, Sample
from scripts.benchmark.report import Report, cpu_ratio, p99_ratio, percentile, ratios, slope
from scripts.benchmark.soak import judge

WRK = """Running 1s test @ http://127.0.0.1:8420/
  Latency Distribution
     50%  740.00us
     75%    1.10ms
     90%    1.80ms
     99%    2.55ms
  18234 requests in 1.00s, 9.11MB read
Requests/sec:  18101.25
Transfer/sec:      9.05MB
"""


def bursts(*per_second: float, p99: float = 1.0, cpu: float = 10.0, errors: int = 0) -> list[Burst]:
    return [Burst(per_second=one, p99_ms=p99, cpu_us=cpu, errors=errors) for one in per_second]


def test_it_works() -> None:
    report = Report("quick")
    report.at_least("read", "own / bare", 0.25, 0.2)
    report.at_most("start", "until ready", 3.5, 3, " s")
    report.state("memory", "resident", 120, " MiB")
    assert [row.verdict for row in report.rows] == ["ok", "MISSED", "stated"]
    assert [row.item for row in report.missed] == ["start"]
    assert "1 of 2 budgets missed" in report.table()


def test_a_ratio_is_the_median_of_each_rounds_own() -> None:
    """In the second round a neighbour halved both: the ratio does not notice, a ratio of medians would."""
    ours, theirs = bursts(100, 50, 110), bursts(10, 5, 11)
    assert ratios(ours, theirs) == 10
    assert ratios(bursts(100, 50, 400), theirs) == 10


def test_p99_and_cpu_are_compared_in_the_same_way() -> None:
    assert p99_ratio(bursts(1, p99=2.0), bursts(1, p99=16.0)) == 1 / 8
    assert cpu_ratio(bursts(1, cpu=13.0), bursts(1, cpu=10.0)) == 1.3


def test_what_lies_on_the_budget_keeps_it() -> None:
    report = Report("quick")
    report.at_least("a", "", 8, 8)
    report.at_most("b", "", 1 / 8, 1 / 8)
    report.between("c", "", 1.03, 0.97, 1.03)
    assert not report.missed
    report.between("c", "", 1.031, 0.97, 1.03)
    assert len(report.missed) == 1


def test_a_request_that_failed_is_a_miss() -> None:
    report = Report("quick")
    report.keep("requests", {"read": bursts(1, 2), "look": bursts(1, 2, errors=1)})
    assert [row.figure for row in report.missed] == ["requests that failed: look"]


def test_an_item_that_was_not_measured_is_a_miss() -> None:
    report = Report("quick")
    report.fail("vault", "not measured: OSError")
    assert report.missed


def test_the_document_says_it_all() -> None:
    report = Report("full", seconds=12.34)
    report.at_least("read", "own / bare", 0.1, 0.2)
    report.keep("requests", {"read": bursts(1, 2)})
    document = json.loads(report.document())
    assert (document["ok"], document["form"], document["seconds"]) == (False, "full", 12.3)
    assert document["rows"][0] == {
        "item": "read", "figure": "own / bare", "value": 0.1, "unit": "x", "budget": ">= 0.2x", "ok": False,
    }  # fmt: skip
    assert len(document["bursts"]["read"]) == 2


@pytest.mark.parametrize(
    ("times", "percent", "wanted"), [([3, 1, 2], 50, 2), (range(1, 101), 99, 99), ([7], 99, 7), (range(1, 11), 90, 9)]
)
def test_a_percentile_is_one_of_the_times(times: Sequence[float], percent: int, wanted: float) -> None:
    assert percentile(times, percent) == wanted


def test_a_slope_is_that_of_the_line_through_the_samples() -> None:
    assert slope([0, 10, 20], [5, 25, 45]) == pytest.approx(2)
    assert slope([0, 10, 20, 30], [5, 6, 5, 6]) == pytest.approx(0.02)


def test_what_wrk_says_is_understood() -> None:
    burst = harness.understood(WRK)
    assert (burst.per_second, burst.p99_ms, burst.requests, burst.errors) == (18101.25, 2.55, 18234, 0)
    wrong = WRK + "  Socket errors: connect 0, read 2, write 0, timeout 1\n  Non-2xx or 3xx responses: 40\n"
    assert harness.understood(wrong).errors == 43
    with pytest.raises(RuntimeError, match="unable to connect"):
        harness.understood("unable to connect to 127.0.0.1:8420")


@pytest.mark.parametrize(("text", "ms"), [("740.00us", 0.74), ("2.55ms", 2.55), ("1.02s", 1020), ("1.00m", 60_000)])
def test_times_of_wrk(text: str, ms: float) -> None:
    assert harness.in_ms(text) == pytest.approx(ms)


def test_every_body_is_sent_once(tmp_path) -> None:  # type: ignore[no-untyped-def]
    bodies = Bodies(tmp_path / "bodies", [b'{"a":1}', b'{"a":1000}'])
    assert bodies.file.read_bytes() == b'{"a":1}   \n{"a":1000}\n'
    load = Load(None, "/", sent=1)  # type: ignore[arg-type]
    assert f'"set", {bodies.width}' in bodies(load)
    load.sent = 2
    with pytest.raises(RuntimeError, match="spent"):
        bodies(load)


def test_every_load_of_an_item_is_judged() -> None:
    """Every budget of the requests, by figures that keep all of them."""
    rates = {
        "bare": 70_000,
        "plain page": 12_000,
        "audited page": 8_000,
        "look": 14_000,
        "booking": 7_000,
        "look, 128": 16_000,
    }
    found = {
        name: bursts(
            rates.get(name, 800 if name.startswith("peer") else 20_000), p99=50 if name.startswith("peer") else 2
        )
        for loads in items_requests.LOADS.values()
        for name in loads
    }
    report = Report("quick")
    for judge_item in items_requests._JUDGES.values():
        judge_item(report, found)
    assert not report.missed
    assert len(report.rows) == 17


def test_items_are_chosen_by_name() -> None:
    assert _items("read,vault") == ["read", "vault"]
    with pytest.raises(Exception, match="no item speed"):
        _items("read,speed")
    assert not set(REQUESTS) & set(ITEMS)


def soaked(statuses: Sequence[int], growth: int) -> Report:
    samples = [Sample(at, 100_000_000 + at * growth, 40, 8, 1_000) for at in range(0, 601, 10)]
    report = Report("soak")
    judge(report, [Answer("read", status, 2.0) for status in statuses], samples, per_second=len(statuses) / 600)
    return report


def test_the_soak_keeps_its_promises_or_says_which_it_did_not() -> None:
    assert not soaked([200] * 6_000, growth=100).missed
    assert [row.item for row in soaked([200] * 6_000, growth=40_000).missed] == ["memory"]
    assert [row.figure for row in soaked([200] * 5_999 + [503], growth=0).missed] == ["5xx, or no answer"]
