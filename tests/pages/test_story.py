"""A failure develops, and people deal with it: broker, worker, alerter, store, API and a browser,
all real. The risk that rises is published as the worker does.
"""

import contextlib

import pytest
from playwright.sync_api import expect

from contracts.records import VehicleEvent
from infra.kafka import RecordProducer
from infra.store import ClickHouseStore
from tests.app.serving import serve
from tests.app.stream_fixtures import PROFILE, START
from tests.app.test_alerter import alerter, publish, scores
from tests.app.test_worker import wait_until, worker

pytestmark = [pytest.mark.stack, pytest.mark.browser]
REGISTERED = {"vin": "WDB9066331S100001", "depot": "Lyon", "model": "Actros 1845"}


def develop(settings, turn, hot=()):
    """One score of every vehicle; those in `hot` are far above the coolant pump's line."""
    rows = scores(turn, hot=hot, vehicles=4)
    ClickHouseStore(settings.store()).write_risk(rows)
    publish(settings, rows)


@pytest.fixture
def settings(stack):
    found = stack.fresh()
    with contextlib.ExitStack() as running:
        running.enter_context(alerter(found))
        running.enter_context(worker(found))
        with RecordProducer(found.broker()) as sink:
            sink.send(
                [
                    VehicleEvent(
                        "default",
                        PROFILE.name,
                        f"V{number:03d}",
                        START - 1,
                        "registration",
                        f"AB-{number}-CD",
                        REGISTERED,
                    )
                    for number in range(4)
                ]
            )
        store = ClickHouseStore(found.store()).clickhouse
        wait_until(lambda: store.rows("SELECT count() FROM vehicles FINAL")[0][0] == 4, found, 120)
        yield found


def test_from_a_rising_risk_to_a_label_in_the_lab(page, settings, complaints):
    with serve(settings) as url:
        develop(settings, 0)
        page.goto(url)
        expect(page.locator("#rows")).to_contain_text("Nothing needs you")
        page.evaluate("window.marker = 1")
        for turn in (1, 2):
            develop(settings, turn, hot=(1,))
        expect(page.locator("#row-V001")).to_contain_text("Coolant pump")
        assert page.evaluate("window.marker") == 1, "the page was loaded anew"

        page.goto(f"{url}/alerts")
        expect(page.locator("#alerts tbody tr")).to_have_count(1)
        page.keyboard.press("j")
        page.keyboard.press("a")
        expect(page.locator("#toast")).not_to_be_empty()
        expect(page.locator("#alerts tbody tr")).to_have_count(0)
        page.goto(f"{url}/alerts?show=taken")
        expect(page.locator("#alerts tbody")).to_contain_text("AB-1-CD")
        expect(page.locator("#alert .history")).to_contain_text("Acknowledged")

        page.goto(f"{url}/vehicles/AB-1-CD")
        page.get_by_role("link", name="Job card").click()
        expect(page.locator(".sheet")).to_contain_text("Check the level")
        page.goto(f"{url}/vehicles/AB-1-CD")
        page.get_by_role("link", name="Report finding").click()
        page.get_by_label("This part was at fault").check()
        page.fill("#finding [name=note]", "weep hole wet")
        page.click("#finding button[type=submit]")
        expect(page.locator("#finding output")).to_have_text("Reported, thank you.")

        page.goto(f"{url}/alerts?show=closed")
        expect(page.locator("#alerts tbody")).to_contain_text("This part was at fault")
        page.goto(f"{url}/lab?profile={PROFILE.name}")
        expect(page.locator("#labels")).to_contain_text("weep hole wet")
        page.goto(url)
        expect(page.locator("#summary")).to_contain_text("1 confirmed of 1")
    assert complaints == []
