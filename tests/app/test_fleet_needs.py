"""What needs somebody: the fleet's number, its table, its depots, its trend and the alerts' pile
are one set; and what is at stake is one sum.
"""

import re

import pytest
from msgspec.structs import replace

from contracts.alerts import Transition
from contracts.records import VehicleEvent
from tests.app import sample_fleet
from tests.app.serving import serve_fleet

pytestmark = pytest.mark.stack
DAY = sample_fleet.DAY
FAILURES = 205


def given(now_ms):
    """Alerts beside the sample's, each on a vehicle of its own, and what was done about them."""

    def one(number, like="V0003", **fields):
        alert = sample_fleet.alert(like, now_ms, alert_id=f"a-{number}")
        return replace(alert, vehicle_id=f"V{number:04d}", **fields)

    lost = sample_fleet.signal_lost("V0016", 16, now_ms)
    alerts = [
        one(10),
        one(11, muted_by="a-10"),
        one(12, snoozed_until_ms=now_ms + DAY),
        one(13, state="acknowledged"),
        one(14, like="V0004"),
        one(15, like="V0001", state="acknowledged"),
        replace(one(15), alert_id="a-15-too", opened_ms=now_ms - 1_000),
        replace(lost, severity="soon"),
        sample_fleet.signal_lost("V0015", 15, now_ms),
    ]
    taken = [
        Transition(
            alert.alert_id,
            alert.tenant,
            alert.vehicle_id,
            alert.mode,
            now_ms - DAY,
            "Ana",
            "open",
            "acknowledged",
            "",
        )
        for alert in alerts
        if alert.state == "acknowledged"
    ]
    return alerts, taken


ASKING = {"V0001", "V0002", "V0003", "V0010", "V0015", "V0016"}
TAKEN_YESTERDAY = {"V0013", "V0015"}


@pytest.fixture(scope="module")
def served(stack):
    with serve_fleet(stack.fresh()) as found:
        found.store.write_alerts(*given(found.now_ms))
        found.store.write_events(
            [
                VehicleEvent(
                    "default", "truck-diesel", "V0001", found.now_ms - at * 60_000, "failure", "scr"
                )
                for at in range(1, FAILURES)
            ]
        )
        failed = found.now_ms - 3 * DAY
        found.store.write_events(
            [VehicleEvent("default", "truck-diesel", "V0001", failed, "failure", "coolant_pump")]
        )
        yield found


def get(served, path, **query):
    answer = served.client.get(path, params=query)
    answer.raise_for_status()
    return answer.json()


def shown(served, path):
    """Vehicles in the rows of a page, by what its rows are named for."""
    page = served.client.get(path).text
    return set(re.findall(r'data-vehicle="([^"]+)"', page.split('id="detail"')[0]))


def test_number_link_table_depots_and_trend_are_one_set(served):
    summary = get(served, "/api/fleet")["summary"]
    table = get(served, "/api/fleet", needs=True)["vehicles"]
    assert {one["vehicle_id"] for one in table} == ASKING
    assert summary["need_you"] == sum(summary["by_severity"].values()) == len(ASKING)
    assert shown(served, "/alerts?show=open") == ASKING
    depots = get(served, "/api/figures/depots")
    assert sum(one["need_you"] for one in depots) == len(ASKING)
    trend = get(served, "/api/figures/trends")["need_you"]
    assert (trend[-1], trend[-3]) == (len(ASKING), len(ASKING - {"V0016"} | TAKEN_YESTERDAY))
    page = served.client.get("/").text
    assert {*re.findall(r'<tr id="row-([^"]+)"', page)} == ASKING
    assert f"<b>{len(ASKING)}</b>" in page


def test_a_row_names_the_alert_that_asks(served):
    asked = {one["vehicle_id"]: one for one in get(served, "/api/fleet", needs=True)["vehicles"]}
    assert (asked["V0015"]["alert_id"], asked["V0015"]["state"]) == ("a-15-too", "soon")
    assert asked["V0016"]["state"] == "silent"
    every = {one["vehicle_id"]: one for one in get(served, "/api/fleet")["vehicles"]}
    assert every["V0015"]["state"] == "critical"
    assert every["V0013"]["alert_state"] == "acknowledged"
    narrowed = get(served, "/api/fleet", needs=True, mode="coolant_pump")["vehicles"]
    assert [one["vehicle_id"] for one in narrowed] == ["V0001"]


def test_a_part_at_risk_hides_no_silence(served):
    silent = {one["vehicle_id"]: one for one in get(served, "/api/fleet", silent=True)["vehicles"]}
    assert silent["V0015"]["state"] == "critical"
    assert len(silent) == get(served, "/api/fleet")["summary"]["silent"]


def test_money_has_its_currency_also_where_only_the_signal_is_lost(served):
    every = get(served, "/api/fleet")["vehicles"]
    assert {one["currency"] for one in every} == {"EUR"}


def test_what_is_at_stake_is_one_sum_without_what_follows_from_another_fault(served):
    listed = get(served, "/api/alerts")["alerts"]
    money = sum(one["waiting"]["expected"] for one in listed if not one["muted_by"])
    assert "V0011" in {one["vehicle_id"] for one in listed}
    summary = get(served, "/api/fleet")["summary"]
    assert summary["at_stake"] == pytest.approx(money)
    assert get(served, "/api/figures/trends")["at_stake"][-1] == pytest.approx(money)
    depots = get(served, "/api/figures/depots")
    assert sum(one["at_stake"] for one in depots) == pytest.approx(money)
    page = served.client.get("/figures").text
    section = page.split('id="avoided"')[0]
    rows = [int(one.replace(",", "")) for one in re.findall(r"€([\d,]+)", section)]
    assert rows[0] == round(money)
    assert sum(rows[1:]) == pytest.approx(money, abs=len(rows))


def test_the_course_of_announced_failures_ends_at_their_number(served):
    summary = get(served, "/api/fleet")["summary"]
    assert summary["warned"] == 1
    assert summary["warned_by_day"] == [0] * 27 + [1] * 4


def test_failures_are_counted_whole_where_not_all_are_shown(served):
    summary = get(served, "/api/fleet")["summary"]
    assert summary["failures"] == FAILURES + 2
    section = served.client.get("/figures").text.split('id="announced"')[1]
    assert f"of {FAILURES + 2} failures" in section
    assert "The newest 200 are shown." in section


@pytest.mark.parametrize(
    ("language", "state", "sentence"),
    [
        ("en", "Data late", "Its data comes late"),
        ("fr", "Données en retard", "Ses données arrivent en retard"),
    ],
)
def test_late_data_is_called_late_wherever_it_is_told(served, language, state, sentence):
    def page(path):
        answer = served.client.get(path, headers={"Accept-Language": language})
        return answer.raise_for_status().text.replace("&#39;", "'")

    (row,) = re.findall(r'<tr id="row-V0007".*?</tr>', page("/?show=all"), re.DOTALL)
    assert state in row
    assert sentence in row
    head, _, rest = page("/vehicles/V0007").partition('id="why"')
    assert sentence in head
    assert state in rest.partition("</section>")[0]
    assert state.lower() in rest.partition('id="events"')[2].partition("</section>")[0]
    listed = page("/alerts?show=watch")
    (row,) = re.findall(r'<tr id="alert-late-V0007".*?</tr>', listed, re.DOTALL)
    detail = page("/alerts/late-V0007").partition("<main")[2]
    for text in (row, detail):
        assert text.count(state) == 2
        assert not re.search("Silent|Muet|lost|perdu", text)
