"""Alerts all at once: grouped, for spreadsheets and for programs."""

import csv
import html
import io
import re

import pyarrow.parquet as pq
import pytest
from msgspec.structs import replace

from app.alerts_export import as_csv, table_of
from contracts.alerts import Reason
from infra.reads.triage import Listed
from tests.app import sample_fleet


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
    assert found(profile="' OR 1=1 --") == found(depot="Atlantis") == []
    page = api.client.get("/alerts?by=depot&depot=Atlantis").text
    assert "No alert fits these filters." in page
