"""What a page and the shell say of a vehicle beside its risk: why a part has no alert, and more."""

from dataclasses import replace as replaced

import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from app.api.alerts import ReasonView
from app.cli.main import app
from app.cli.risk import _measured
from tests.app import sample_fleet
from tests.app.serving import champion, serve_fleet
from tests.app.test_worker import environment

pytestmark = pytest.mark.stack
DAYS_AGO = {"V0001": 3, "V0002": 40}


@pytest.fixture(scope="module")
def served(stack):
    """Of two parts at high risk the alert is closed: of one lately, of one long ago."""
    with serve_fleet(stack.fresh()) as found:
        closed = [
            replace(
                sample_fleet.alert(vehicle, found.now_ms, state="resolved"),
                resolved_ms=found.now_ms - days * sample_fleet.DAY,
                outcome="confirmed_part",
            )
            for vehicle, days in DAYS_AGO.items()
        ]
        found.store.write_alerts(closed, [])
        yield found


def head(served, vehicle, language="en"):
    page = served.client.get(f"/vehicles/{vehicle}", headers={"Accept-Language": language})
    return page.raise_for_status().text.partition('id="head"')[2].partition("</section>")[0]


def test_a_page_says_that_the_part_was_dealt_with(served):
    told = head(served, "V0001")
    assert "Coolant pump: " in told
    assert "Its alert was closed on" in told
    assert "Nothing stands out" not in told
    assert "Son alerte a été close le" in head(served, "V0001", "fr")


def test_a_finding_of_long_ago_explains_nothing(served):
    told = head(served, "V0002")
    assert "yet no alert" in told
    assert "closed" not in told


def test_a_part_with_an_alert_or_little_risk_needs_no_such_word(served):
    assert "yet no alert" not in head(served, "V0003")
    assert "Nothing stands out" in head(served, "V0006")


def test_the_fleet_says_nothing_of_a_high_risk_as_little(served):
    page = served.client.get("/?show=all").raise_for_status().text
    row = page.partition('id="row-V0001"')[2].partition("</tr>")[0]
    assert "No alert yet: new, or just repaired" in row
    calm = page.partition('id="row-V0006"')[2].partition("</tr>")[0]
    assert "Nothing stands out" in calm
    vehicles = served.client.get("/api/fleet").raise_for_status().json()["vehicles"]
    told = {one["vehicle_id"]: one for one in vehicles}["V0001"]
    assert told["state"] == "ok"
    assert told["risk"]["days_30"] >= told["line"]


def test_the_command_line_says_the_same(served, monkeypatch):
    monkeypatch.setattr("app.cli.risk._champions", lambda *_: champion)
    env = environment(served.settings)
    done = CliRunner().invoke(app, ["risk", "V0001", "--no-reasons"], env=env)
    assert done.exit_code == 0, done.output
    assert "within 30 days. Its alert was closed on" in done.stdout
    assert "(this part was at fault)" in done.stdout


def test_numbers_of_any_size_are_those_of_a_mechanic():
    reason = ReasonView("", "", 112_900.0, 108_300.0, "kPa", 1.0)
    assert _measured(reason) == " (112,900, expected 108,300 kPa)"
    assert _measured(replaced(reason, expected=None)) == " (112,900 kPa)"


def test_a_lost_signal_is_called_so(served):
    env = environment(served.settings)
    done = CliRunner().invoke(app, ["risk", "V0005", "--no-reasons"], env=env)
    assert "Alert lost-V0005: Signal lost, watch, open" in done.stdout
