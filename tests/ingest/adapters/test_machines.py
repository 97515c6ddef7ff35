import pytest

from features.profile import builtin_profile
from ingest.adapters.machines import fits, read
from ingest.adapters.reading import ReadOptions
from tests.ingest.adapters import logs

PROFILE = builtin_profile("machine")


def folder(tmp_path, **changed):
    for name, text in (logs.TABLES | {f"PdM_{k}.csv": v for k, v in changed.items()}).items():
        (tmp_path / name).write_bytes(text)
    return list(read(tmp_path, ReadOptions()))


def test_tables_become_one_history_a_machine(tmp_path):
    found = folder(tmp_path)
    told = [(getattr(i, "kind", "frame"), i.vehicle_id, getattr(i, "code", "")) for i in found]
    assert told == [
        ("registration", "machine-1", ""),
        ("replacement", "machine-1", "comp2"),
        ("frame", "machine-1", ""),
        ("fault_code", "machine-1", "error1"),
        ("failure", "machine-1", "comp4"),
        ("replacement", "machine-1", "comp4"),
        ("frame", "machine-1", ""),
        ("registration", "machine-2", ""),
        ("frame", "machine-2", ""),
    ]
    assert found[0].time_ms == found[1].time_ms
    assert found[0].detail == {"model": "model3", "age_years": "18"}
    assert found[7].time_ms == found[8].start_ms


def test_codes_parts_and_modes_are_the_profiles(tmp_path):
    found = logs.events(folder(tmp_path))
    assert {e.code for e in found if e.kind == "fault_code"} <= PROFILE.code_index.keys()
    assert {e.code for e in found if e.kind == "replacement"} <= set(PROFILE.parts)
    assert all(PROFILE.mode(e.code) for e in found if e.kind == "failure")


def test_events_after_the_last_reading_are_not_lost(tmp_path):
    late = b"datetime,machineID,failure\n2016-01-01 00:00:00,1,comp4\n2016-01-01 00:00:00,3,comp1\n"
    found = folder(tmp_path, failures=late)
    assert [(e.vehicle_id, e.kind) for e in found[-2:]] == [
        ("machine-1", "failure"),
        ("machine-3", "failure"),
    ]


def test_a_machine_of_which_nothing_else_is_known_is_said(tmp_path):
    found = folder(tmp_path, machines=b"machineID,model,age\n9,model3,18\n")
    (item,) = logs.refused(found)
    assert (item.file, item.line, item.payload) == ("PdM_machines.csv", 2, b"9,model3,18")


@pytest.mark.parametrize(
    ("table", "row", "detail"),
    [
        ("telemetry", b"2015-01-01 08:00:00,1,nan,1,1,1", "volt is 'nan'"),
        ("telemetry", b"2015-01-01 08:00:00,1,1,1,1", "5 columns; the header has 6"),
        ("telemetry", b"2015-01-01 06:00:00,2,1,1,1,1", "machine 2 has a row of this time"),
        ("telemetry", b"2015-01-01 08:00:00,1,1,-5,1,1", "rotate is -5 rpm; possible is 0 to 2000"),
        ("telemetry", b"1970-01-01,1,1,1,1,1", "not between the years 2000 and 2100"),
        ("errors", b"2015-01-01 07:00:00,1,error1", "machine 1 has fault_code error1 twice"),
        ("errors", b"2015-01-01 07:00:00,zero,error1", "machineID is 'zero'"),
        ("errors", b"2015-01-01 07:00:00,1,", "the code is empty"),
        ("maint", b"2115-01-01 07:00:00,1,comp1", "not between the years 2000 and 2100"),
        ("machines", b"1,model3,18", "machine 1 is listed twice"),
        ("machines", b"4,model3,old", "age is 'old'"),
    ],
)
def test_a_bad_row_is_refused_with_its_place_and_bytes(tmp_path, table, row, detail):
    good = logs.TABLES[f"PdM_{table}.csv"]
    found = folder(tmp_path, **{table: good + row + b"\n"})
    (item,) = logs.refused(found)
    assert (item.file, item.line, item.payload) == (
        f"PdM_{table}.csv",
        good.count(b"\n") + 1,
        row,
    )
    assert detail in item.detail
    assert len(logs.frames(found)) == 3


def test_a_table_with_other_columns_is_left_out_and_said(tmp_path):
    found = folder(tmp_path, other=b"datetime,machineID,colour\n2015-01-01,1,red\n")
    (item,) = logs.refused(found)
    assert item.file == "PdM_other.csv"
    assert "known: datetime,machineID,volt" in item.detail
    assert len(found) == 10


def test_one_table_alone_is_read_too(tmp_path):
    name = "PdM_telemetry.csv"
    found = logs.read(read, tmp_path, name, logs.TABLES[name], profile="mine", tenant="plant")
    assert {(item.tenant, item.profile) for item in found} == {("plant", "mine")}
    assert len(found) == 3
    assert fits(tmp_path / name)
