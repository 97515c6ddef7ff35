"""The fleet's vehicles all at once: for spreadsheets, for programs, and on the command line."""

import csv
import html
import io
import json
import re
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from app.api.fleet import FleetVehicle, Risk, RulView
from app.cli.main import app
from app.fleet_export import SCHEMA, table_of
from app.tables import as_csv
from infra.reads import fleet as reads
from tests.app.test_worker import environment

VEHICLE = FleetVehicle(
    "V1",
    "machine",
    "AB-1",
    "…0001",
    "M",
    "Lyon",
    "ok",
    "tool",
    "Tool",
    Risk(0.1, 0.2, 0.3),
    RulView(40.0, None, None, "min"),
    12.5,
    "EUR",
    "Worn",
    1_700_000_000_000,
    "a",
    "open",
    1,
    None,
)


def rows(payload):
    return list(csv.DictReader(io.StringIO(payload.decode())))


def test_no_cell_is_a_formula_and_what_is_unknown_stays_empty():
    evil = replace(
        VEHICLE, plate="=1+1", model="@M", depot="-Lyon", reason='+HYPERLINK("http://x")'
    )
    blank = replace(VEHICLE, vehicle_id="V2", risk=None, rul=None, seen_ms=0)
    first, second, third = rows(as_csv(table_of([[VEHICLE, evil], [blank]])))
    assert (first["vin"], first["risk_30"], first["rul"], first["rul_unit"]) == (
        ("…0001", "0.2", "40", "min")
    )
    assert first["seen"].startswith("2023-11-14 22:13:20")
    assert [second[name][:2] for name in ("plate", "model", "depot", "reason")] == [
        "'=",
        "'@",
        "'-",
        "'+",
    ]
    assert [third[name] for name in ("risk_7", "rul", "rul_low", "rul_unit", "seen")] == [""] * 5


def test_of_no_vehicle_the_columns_are_left():
    assert table_of([]).schema == SCHEMA
    assert as_csv(table_of([])).decode().strip().split(",")[0] == '"vehicle_id"'


@pytest.fixture
def small_parts(monkeypatch):
    """So that even this fleet has several."""
    monkeypatch.setattr(reads, "_PART", 5)


@pytest.mark.stack
@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize(
    ("query", "options"),
    [
        ({}, []),
        ({"depot": "Lyon"}, ["--depot", "Lyon"]),
        ({"profile": "truck-diesel"}, ["--profile", "truck-diesel"]),
        ({"model": "ID.4 Cargo"}, ["--model", "ID.4 Cargo"]),
        ({"mode": "coolant_pump"}, ["--mode", "coolant_pump"]),
        ({"q": " kl-101 "}, ["--text", " kl-101 "]),
        ({"q": "WDB9066331S100002"}, ["--text", "WDB9066331S100002"]),
        ({"needs": True}, ["--show", "needs"]),
        ({"silent": True}, ["--show", "silent"]),
        ({"silent": True, "depot": "Atlantis"}, ["--show", "silent", "--depot", "Atlantis"]),
    ],
    ids=str,
)
def test_list_exports_and_command_line_hold_the_same(api, query, options, tmp_path):
    listed = api.client.get("/api/fleet", params=query).json()["vehicles"]
    ids = [one["vehicle_id"] for one in listed]
    assert (len(ids) > 0) == (query.get("depot") != "Atlantis")
    text = api.client.get("/api/fleet/export.csv", params=query)
    assert text.headers["content-type"].startswith("text/csv")
    taken = rows(text.content)
    assert [one["vehicle_id"] for one in taken] == ids
    assert [one["vin"] for one in taken] == [one["vin"] for one in listed]
    packed = api.client.get("/api/fleet/export.parquet", params=query)
    assert 'filename="fleet.parquet"' in packed.headers["content-disposition"]
    table = pq.read_table(io.BytesIO(packed.content))
    assert table.schema.equals(SCHEMA)
    assert table.column("vehicle_id").to_pylist() == ids
    assert table.column("at_stake").to_pylist() == [one["at_stake"] for one in listed]
    told = json.loads(run(api, "list", *options, "--json"))["vehicles"]
    assert [one["vehicle_id"] for one in told] == ids
    for name in ("fleet.csv", "fleet.parquet"):
        path = tmp_path / name
        made = json.loads(run(api, "export", str(path), *options, "--json"))
        assert made == {"path": str(path), "vehicles": len(ids)}
    assert [one["vehicle_id"] for one in rows((tmp_path / "fleet.csv").read_bytes())] == ids
    kept = pq.read_table(tmp_path / "fleet.parquet")
    assert kept.column("vehicle_id").to_pylist() == ids


def run(api, *words):
    wide = environment(api.settings, COLUMNS="300")
    done = CliRunner().invoke(app, ["fleet", *words], env=wide, catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


@pytest.mark.stack
def test_a_person_reads_the_list_as_a_table(api, tmp_path):
    printed = run(api, "list", "--show", "needs")
    (line,) = [one for one in printed.splitlines() if "V0001" in one]
    assert [word in line for word in ("KL-101-TY", "critical", "Coolant pump")] == [True] * 3
    assert "V0004" not in printed
    assert "There are more" not in printed
    assert "There are more: --limit shows them" in run(api, "list", "--limit", "23")
    assert run(api, "export", str(tmp_path / "f.csv")).startswith("24 vehicles are in ")


@pytest.mark.stack
def test_silent_vehicles_are_listed_where_they_are_asked_for(api):
    found = api.client.get("/api/fleet?silent=true").json()["vehicles"]
    assert [(one["vehicle_id"], one["state"]) for one in found] == [("V0005", "silent")]


@pytest.mark.stack
@pytest.mark.parametrize(
    "query",
    [
        "",
        "?show=silent",
        "?show=all&depot=Metz",
        "?show=needs&mode=turbocharger",
        "?q=V000&profile=truck-diesel",
    ],
)
def test_an_export_holds_what_the_page_shows(api, query):
    page = api.client.get(f"/{query}").text
    (link,) = re.findall(r'href="(/api/fleet/export\.csv\?[^"]*)"', page)
    taken = rows(api.client.get(html.unescape(link)).content)
    shown = re.findall(r'<tr id="row-([^"]+)"', page)
    assert [one["vehicle_id"] for one in taken] == shown != []
    assert link.replace("export.csv", "export.parquet") in page


@pytest.mark.stack
def test_where_no_vehicle_is_shown_none_is_exported(api):
    page = api.client.get("/?show=all&depot=Atlantis").text
    assert "No vehicle fits these filters." in page
    assert "/api/fleet/export" not in page
