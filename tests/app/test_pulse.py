"""How the platform went: its readings, and what the System page makes of them."""

import os
import re
import subprocess
import sys

import pytest

from app.api.context import Context
from app.api.pulse import keep_reading
from app.web.pulse import courses
from contracts.dead_letters import DeadLetter
from infra.pulse import Reading, newest_score, readings
from infra.reads.questions import ask
from infra.store import ClickHouseStore
from tests.app.serving import serve_fleet
from tests.app.test_up import environment, wait_until

MINUTE = 60_000
HOUR = 60 * MINUTE


def test_rates_lags_and_delays_come_from_readings():
    kept = [Reading(minute * MINUTE, 600 * minute, minute, MINUTE) for minute in range(1, 4)]
    found = courses(kept, Reading(4 * MINUTE, 1_800, 9, 3 * MINUTE))
    assert (found.rates.values, found.rates.span_ms) == ([10.0, 10.0, 0.0], 3 * MINUTE)
    assert (found.lags.values, found.lags.span_ms) == ([1, 2, 3, 9], 3 * MINUTE)
    assert found.delays.values == [0, 60, 120, 60]


def test_a_rate_is_of_half_a_minute_at_least_and_never_below_nothing():
    kept = [Reading(0, 900, 0, 0), Reading(MINUTE, 600, 0, 0)]
    assert courses(kept, Reading(MINUTE + 29_000, 700, 0, 0)).rates.values == [0.0]
    assert courses(kept, Reading(MINUTE + 40_000, 800, 0, 0)).rates.values == [0.0, 5.0]
    first = courses([], Reading(MINUTE, 600, 0, 0))
    assert (first.rates.values, first.delays.values, first.lags.is_known) == ([], [], False)


@pytest.mark.stack
def test_a_reading_says_how_the_platform_is(stack):
    settings = stack.fresh()
    with serve_fleet(settings) as served:
        context = Context(settings, wall_ms=lambda: served.now_ms + HOUR)
        assert keep_reading(context)
        (kept,) = ask(context.store, readings(served.now_ms))
        assert kept.time_ms == served.now_ms + HOUR
        assert kept.frames == served.client.get("/api/status").json()["tables"]["summaries"]
        newest_ms, vehicle = ask(context.store, newest_score("default"))
        assert kept.newest_ms == newest_ms
        (found,) = served.client.get("/api/fleet", params={"q": vehicle}).json()["vehicles"]
        assert found["seen_ms"] == newest_ms
        assert ask(context.store, newest_score("other")) == (0, "")
        context.close()


@pytest.mark.stack
def test_where_something_is_away_nothing_is_kept(stack, monkeypatch):
    monkeypatch.setattr("infra.kafka_clients.CONNECT_LIMIT_S", 0.5)
    settings = stack.fresh()
    away = settings.kafka.model_copy(update={"bootstrap_servers": "127.0.0.1:1"})
    context = Context(settings.model_copy(update={"kafka": away}))
    assert not keep_reading(context)
    assert ask(context.store, readings(0)) == []
    context.close()


@pytest.mark.stack
def test_the_api_keeps_readings_by_itself(stack):
    settings = stack.fresh()
    store = ClickHouseStore(settings.store()).clickhouse
    line = [sys.executable, "-m", "app.cli.main", "api"]
    given = {**os.environ, **environment(settings), "TELLTALE_API__PORT": "0"}
    with subprocess.Popen(line, env=given) as process:
        try:
            wait_until(lambda: ask(store, readings(0)))
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def system(stack):
    """The System page of a platform that was watched for an hour and refused some messages."""
    with serve_fleet(stack.fresh()) as served:
        ages = (0, 1, 1, 30)
        served.store.write_dead_letters(
            [
                DeadLetter(
                    "duplicate", "again", "telemetry", 0, at, served.now_ms - age * HOUR, b""
                )
                for at, age in enumerate(ages)
            ]
        )
        yield served


TITLES = ("Throughput", "Behind", "Newest data", "Refused", "Processes")


def tiles(served):
    """Each number's tile by its title, and the whole page."""
    page = served.client.get("/status?part=live").text
    strip = page.partition("<dl")[2].partition("</dl>")[0]
    return dict(re.findall(r"<div><dt>(.*?)</dt>(.*?)</div>", strip, re.DOTALL)), page


@pytest.mark.stack
def test_every_number_leads_to_what_it_is_made_of(system):
    shown, page = tiles(system)
    assert tuple(shown) == TITLES
    for tile in shown.values():
        target = re.search(r'<a href="([^"]+)"><b', tile)[1]
        if target.startswith("#"):
            assert f'id="{target[1:]}"' in page
        else:
            assert system.client.get(target).status_code == 200


@pytest.mark.stack
def test_numbers_with_a_history_show_their_course_and_change(system):
    shown, _ = tiles(system)
    assert all('<svg class="spark"' in shown[title] for title in TITLES[:-1])
    points = {
        title: len(re.search(r'points="([^"]*)"', shown[title])[1].split()) for title in TITLES[:-1]
    }
    assert points["Refused"] == 24
    assert points["Behind"] in {60, 61}
    assert points["Throughput"] == points["Behind"] - 1
    assert re.search(r"±0 in (59 min|1 h)<", shown["Throughput"])
    assert re.search(r"up to date, \u22121(18|20) in (59 min|1 h)", shown["Behind"])
    assert re.search(r"1 min old, (59 min|1 h) ago", shown["Newest data"])
    assert "3 in the last day" in shown["Refused"]
    assert '<svg class="spark"' not in shown["Processes"]


@pytest.mark.stack
def test_refusals_are_told_by_reason_and_hour(system):
    (count,) = system.client.get("/api/dead-letters").json()["counts"]
    assert (count["letters"], count["since"], sum(count["by_hour"])) == (4, 3, 3)
    assert count["by_hour"][-1] >= 1


@pytest.mark.stack
def test_before_the_first_reading_the_page_says_when_it_measures(stack):
    with serve_fleet(stack.fresh(), count=0) as served:
        shown, _ = tiles(served)
        assert "measured from the second minute on" in shown["Throughput"]
        assert "up to date" in shown["Behind"]
        assert "no vehicle has been scored yet" in shown["Newest data"]
        assert not any("<svg" in tile for tile in shown.values())
