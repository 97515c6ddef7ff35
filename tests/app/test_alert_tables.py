"""Alerts all at once: grouped, for spreadsheets and for programs."""

import csv
import html
import io
import json
import re

import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace
from typer.testing import CliRunner

from app.alerts_export import table_of
from app.cli.main import app
from app.tables import as_csv
from contracts.alerts import Reason
from contracts.errors import DataError, SettingsError
from infra.reads.triage import Listed
from tests.app import sample_fleet
from tests.app.test_worker import environment


def rows(payload):
    return list(csv.DictReader(io.StringIO(payload.decode())))


def test_no_cell_is_a_formula_and_what_is_not_yet_stays_empty():
    alert = sample_fleet.alert("V0001", 1_700_000_000_000)
    (row,) = rows(as_csv(table_of([Listed(alert, "", "", "")])))
    assert (row["vehicle_id"], row["resolved"]) == ("V0001", "")
    evil = replace(alert, reasons=[Reason('=HYPERLINK("http://x")')], depot="@Lyon")
    (row,) = rows(as_csv(table_of([Listed(evil, "=1+1", "", "")])))
    assert row["plate"] == "'=1+1"
    assert row["reasons"].startswith("'=")
    assert row["depot"] == "'@Lyon"


def test_a_silent_vehicle_has_no_risk_of_nought_percent():
    lost = sample_fleet.signal_lost("V0005", 5, 1_700_000_000_000)
    (row,) = rows(as_csv(table_of([Listed(lost, "", "", "")])))
    names = ("risk_7", "risk_30", "risk_90", "expected_cost", "planned_cost")
    assert [row[name] for name in names] == [""] * 5


@pytest.mark.stack
def test_a_person_reads_of_a_silent_vehicle_what_is_known(api):
    def shown(alert_id):
        words = ["alerts", "show", alert_id]
        done = CliRunner().invoke(app, words, env=environment(api.settings), catch_exceptions=False)
        return done.stdout

    assert "Signal lost of " in shown("lost-V0005")
    assert "%" in shown("lost-V0005")
    assert not {"Risk", "costs", "repair"} & {*shown("lost-V0005").split()}
    assert "Risk 32% in 7 days, 81% in 30" in shown("a-V0001-coolant_pump")


@pytest.mark.stack
def test_a_spreadsheet_and_a_program_get_the_same_alerts(api):
    listed = {one["alert_id"] for one in api.client.get("/api/alerts").json()["alerts"]}
    text = api.client.get("/api/alerts/export.csv")
    assert text.headers["content-type"].startswith("text/csv")
    assert {one["alert_id"] for one in rows(text.content)} == listed
    packed = api.client.get("/api/alerts/export.parquet")
    assert 'filename="alerts.parquet"' in packed.headers["content-disposition"]
    table = pq.read_table(io.BytesIO(packed.content))
    assert set(table.column("alert_id").to_pylist()) == listed
    assert str(table.schema.field("opened").type) == "timestamp[ms, tz=UTC]"


@pytest.mark.stack
@pytest.mark.parametrize("by", ["vehicle", "depot", "mode"])
def test_groups_hold_every_standing_alert_once(api, by):
    listed = api.client.get("/api/alerts").json()["alerts"]
    found = api.client.get("/api/alerts/groups", params={"by": by}).json()
    assert sum(one["alerts"] for one in found) == len(listed)
    assert [one["at_stake"] for one in found] == sorted(one["at_stake"] for one in found)[::-1]
    keys = {one["vehicle_id"] for one in listed} if by == "vehicle" else None
    assert keys in (None, {one["key"] for one in found})
    if by == "depot":
        assert {one["key"] for one in found} == {"Lyon", "Lille", "Metz", "Nice"}
    money = sum(one["waiting"]["expected"] for one in listed)
    assert sum(one["at_stake"] for one in found) == pytest.approx(money)


def ids(pattern, page):
    return set(re.findall(pattern, page))


@pytest.mark.stack
@pytest.mark.parametrize(
    ("query", "fits"),
    [
        ("show=open", lambda one: one["severity"] != "watch"),
        ("show=watch", lambda one: one["severity"] == "watch"),
        ("show=open&depot=Metz", lambda one: one["vehicle_id"] == "V0002"),
        ("show=open&severity=soon&mode=turbocharger", lambda one: one["vehicle_id"] == "V0003"),
        ("show=closed", lambda one: one["state"] == "resolved"),
        ("by=depot&depot=Metz", lambda one: one["vehicle_id"] == "V0002"),
    ],
)
def test_an_export_holds_what_the_page_shows(api, query, fits):
    page = api.client.get(f"/alerts?{query}").text
    (link,) = ids(r'href="(/api/alerts/export\.csv\?[^"]*)"', page)
    taken = rows(api.client.get(html.unescape(link)).content)
    group = "resolved" if "closed" in query else "active"
    listed = api.client.get("/api/alerts", params={"state": group}).json()["alerts"]
    assert {one["alert_id"] for one in taken} == {one["alert_id"] for one in listed if fits(one)}
    if "by=" not in query:
        assert [one["alert_id"] for one in taken] == re.findall(r'<tr id="alert-([^"]+)"', page)
    assert {one["depot"] for one in taken} <= {"Lyon", "Lille", "Metz", "Nice"}


@pytest.mark.stack
def test_a_page_names_the_alert_that_explains_another_and_no_silence(api):
    cause = sample_fleet.alert("V0001", api.now_ms)
    quiet = replace(cause, alert_id="quiet-1", mode="scr", muted_by=cause.alert_id)
    silenced = replace(quiet, alert_id="quiet-2", muted_by="s1")
    api.store.write_alerts([quiet, silenced], [])
    try:
        listed = api.client.get("/alerts?show=quiet").text
        assert listed.count("<small>explained by: coolant pump</small>") == 1
        assert listed.count("<small>silenced</small>") == 1
        page = api.client.get("/alerts/quiet-1").text
        link = f'<a href="/alerts/{cause.alert_id}">explained by: coolant pump</a>'
        assert link in page
        assert "explained by" not in api.client.get("/alerts/quiet-2").text
        french = {"Accept-Language": "fr"}
        assert "expliquée par : pompe" in api.client.get("/alerts/quiet-1", headers=french).text
    finally:
        api.store.clickhouse.command("DELETE FROM alerts WHERE alert_id LIKE 'quiet-%'")


@pytest.mark.stack
def test_groups_are_narrowed_as_the_page_asks(api):
    def found(**only):
        return api.client.get("/api/alerts/groups", params={"by": "vehicle", **only}).json()

    assert [one["key"] for one in found(severity="soon", depot="Metz")] == ["V0002"]
    assert [one["key"] for one in found(mode="turbocharger")] == ["V0003"]
    assert [one["key"] for one in found(vehicle="kl-101-ty")] == ["V0001"]
    assert found(profile="' OR 1=1 --") == found(depot="Atlantis") == []
    page = api.client.get("/alerts?by=depot&depot=Atlantis").text
    assert "No alert fits these filters." in page


NARROWED = [
    ({}, ["V0001", "V0002", "V0003", "V0004", "V0005", "V0007"]),
    ({"severity": "soon"}, ["V0002", "V0003"]),
    ({"depot": "Metz"}, ["V0002"]),
    ({"mode": "turbocharger"}, ["V0003"]),
    ({"profile": "truck-diesel", "severity": "critical"}, ["V0001"]),
    ({"pile": "open"}, ["V0001", "V0002", "V0003"]),
    ({"pile": "watch"}, ["V0004", "V0005", "V0007"]),
    ({"pile": "watch", "depot": "Lyon"}, ["V0004"]),
    ({"pile": "taken"}, []),
    ({"pile": "open", "state": "acknowledged"}, []),
    ({"state": "acknowledged"}, []),
    ({"vehicle": "V0002"}, ["V0002"]),
    ({"vehicle": "kl-101-ty"}, ["V0001"]),
    ({"vehicle": "WDB9066331S100003", "severity": "soon"}, ["V0003"]),
    ({"vehicle": "WDB9066331S100003", "severity": "watch"}, []),
]


@pytest.mark.stack
@pytest.mark.parametrize(("query", "vehicles"), NARROWED, ids=str)
def test_list_export_and_command_line_are_narrowed_alike(api, query, vehicles, tmp_path):
    listed = api.client.get("/api/alerts", params=query).json()["alerts"]
    assert sorted({one["vehicle_id"] for one in listed}) == vehicles
    taken = rows(api.client.get("/api/alerts/export.csv", params=query).content)
    ids = {one["alert_id"] for one in listed}
    assert {one["alert_id"] for one in taken} == ids
    options = [f"--{name}={value}" for name, value in query.items()]
    told = json.loads(run(api, "list", *options, "--json"))["alerts"]
    assert [one["alert_id"] for one in told] == [one["alert_id"] for one in listed]
    for name in ("alerts.csv", "alerts.parquet"):
        path = tmp_path / name
        made = json.loads(run(api, "export", str(path), *options, "--json"))
        assert made == {"path": str(path), "alerts": len(ids)}
    assert {one["alert_id"] for one in rows((tmp_path / "alerts.csv").read_bytes())} == ids
    table = pq.read_table(tmp_path / "alerts.parquet")
    assert set(table.column("alert_id").to_pylist()) == ids


def run(api, *words):
    done = CliRunner().invoke(app, ["alerts", *words], env=environment(api.settings))
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.stack
@pytest.mark.parametrize("path", ["", "/groups", "/export.csv", "/export.parquet"])
def test_a_vehicle_that_is_not_there_is_no_vehicle_without_alerts(api, path):
    answer = api.client.get(f"/api/alerts{path}", params={"vehicle": "nobody"})
    assert (answer.status_code, answer.json()["vehicle"]) == (404, "nobody")


@pytest.mark.stack
def test_the_command_line_refuses_what_it_cannot_ask_or_write(api, tmp_path):
    for words in (["list"], ["export", str(tmp_path / "a.csv")]):
        with pytest.raises(DataError, match="no vehicle has the id, VIN or plate 'nobody'"):
            run(api, *words, "--vehicle", "nobody")
    with pytest.raises(SettingsError, match=r"give a file that ends in \.csv or \.parquet"):
        run(api, "export", str(tmp_path / "a.pdf"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.stack
def test_a_pile_is_listed_newest_first_page_by_page(api):
    like = sample_fleet.alert("V0003", api.now_ms, opened_days=1)
    fresh = replace(like, alert_id="pile-1", vehicle_id="V0010")
    older = replace(fresh, alert_id="pile-2", opened_ms=api.now_ms - 9 * sample_fleet.DAY)
    api.store.write_alerts([fresh, older], [])
    try:
        seen, cursor = [], ""
        while len(seen) < 9:
            query = {"pile": "open", "limit": 1, "cursor": cursor}
            page = api.client.get("/api/alerts", params=query).json()
            seen += [one["vehicle_id"] for one in page["alerts"]]
            cursor = page["next_cursor"]
            if not cursor:
                break
        taken = rows(api.client.get("/api/alerts/export.csv?pile=open").content)
    finally:
        api.store.clickhouse.command("DELETE FROM alerts WHERE alert_id LIKE 'pile-%'")
    assert seen == ["V0010", "V0001", "V0002", "V0003", "V0010"]
    assert [one["severity"] for one in taken] == ["critical", *["soon"] * 4]


@pytest.mark.stack
def test_a_pile_of_closed_alerts_needs_no_state_beside_it(api):
    like = sample_fleet.alert("V0003", api.now_ms, state="resolved", alert_id="pile-closed")
    api.store.write_alerts([replace(like, vehicle_id="V0010")], [])
    try:
        query = {"pile": "closed", "depot": "Metz"}
        (listed,) = api.client.get("/api/alerts", params=query).json()["alerts"]
        (taken,) = rows(api.client.get("/api/alerts/export.csv", params=query).content)
        (told,) = json.loads(run(api, "list", "--pile=closed", "--depot=Metz", "--json"))["alerts"]
    finally:
        api.store.clickhouse.command("DELETE FROM alerts WHERE alert_id = 'pile-closed'")
    assert listed["alert_id"] == taken["alert_id"] == told["alert_id"] == "pile-closed"
