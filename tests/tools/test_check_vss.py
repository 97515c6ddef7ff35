import gzip
import json

import msgspec
import pytest

from contracts.catalogue import catalogue
from contracts.errors import DataError
from tools.check_vss import differences, entry, load_leaves, main

SPEED = {"type": "sensor", "datatype": "float", "unit": "km/h", "min": 0, "max": 300}
TREE = {
    "Vehicle": {
        "type": "branch",
        "children": {
            "Speed": SPEED,
            "Cabin": {
                "type": "branch",
                "children": {"IsWindowOpen": {"type": "sensor", "datatype": "boolean"}},
            },
        },
    }
}


@pytest.fixture
def export(tmp_path):
    (tmp_path / "vss.json.gz").write_bytes(gzip.compress(json.dumps(TREE).encode()))
    return tmp_path


def changed(**values):
    return msgspec.structs.replace(catalogue()["Speed"], **values)


def test_leaves_are_named_below_the_vehicle(export):
    assert set(load_leaves(export)) == {"Speed", "Cabin.IsWindowOpen"}
    assert load_leaves(export / "vss.json.gz") == load_leaves(export)


@pytest.mark.parametrize(
    ("values", "complaint"),
    [
        ({}, None),
        ({"extension": True}, "it is no extension"),
        ({"unit": "m/s"}, "unit m/s; VSS has km/h"),
        ({"low": 1}, "low 1; VSS allows 0"),
        ({"high": 200}, "high 200; VSS allows 300"),
        ({"path": "Velocity"}, "mark it as an extension"),
        ({"path": "Velocity", "extension": True}, None),
        ({"path": "Cabin.IsWindowOpen"}, "boolean, which is no number"),
    ],
)
def test_what_differs_is_said(export, values, complaint):
    found = differences([changed(**values)], load_leaves(export))
    assert [complaint in text for text in found] == ([] if complaint is None else [True])


def test_an_id_belongs_to_one_signal(export):
    found = differences([changed(), changed(path="X", extension=True)], load_leaves(export))
    assert found == ["id 1 stands twice"]


def test_entries_are_written_for_new_signals(export, capsys):
    assert 'path = "Speed"\nunit = "km/h"\nlow = 0\nhigh = 300' in entry(
        "Speed", 9, load_leaves(export)
    )
    assert main(["--vss", str(export), "--entry", "Speed"]) == 0
    assert "[[signal]]" in capsys.readouterr().out
    assert main(["--vss", str(export), "--entry", "Cabin.IsWindowOpen"]) == 1
    assert "no such number" in capsys.readouterr().err


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\x1f\x8b\x00", b"\xff"])
def test_another_file_is_refused(tmp_path, content):
    (tmp_path / "vss.json").write_bytes(content)
    with pytest.raises(DataError, match="no VSS export"):
        load_leaves(tmp_path)
    with pytest.raises(DataError, match=r"no vss\.json"):
        load_leaves(tmp_path / "none")


@pytest.mark.data
def test_the_catalogue_is_true_to_vss(data_dir, capsys):
    assert main(["--vss", str(data_dir / "vss")]) == 0, capsys.readouterr().out
