"""Archives of cycles are read in memory; what is damaged or foreign is named."""

import io
import tarfile

import numpy as np
import pytest

from contracts.errors import DataError
from ingest.adapters.nasa_cells import read_cells

CHARGE = "voltage,current,temperature,charge_time\n3.5,0,24,0\n3.9,1.5,24,60\n,1.5,24,90\n"
DISCHARGE = "voltage,current,discharge_time\n3.4,-2,60\n4.1,-2,0\n"


def archive(folder, name, files):
    with tarfile.open(folder / name, "w:gz") as tar:
        for file, text in files.items():
            member = tarfile.TarInfo(file)
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))


def test_cycles_and_capacities_are_read(tmp_path):
    archive(tmp_path, "X1_charge.tar.gz", {"X1/charge_7.csv": CHARGE, "X1/notes.txt": "?"})
    archive(tmp_path, "X1_discharge.tar.gz", {"X1/dis_7_cap_1.83.csv": DISCHARGE})
    cell = read_cells(tmp_path)["X1"]
    assert cell.capacity_ah == {7: 1.83}
    np.testing.assert_array_equal(cell.charges[7].volts, [3.5, 3.9])
    np.testing.assert_array_equal(cell.discharges[7].time_s, [0, 60])
    np.testing.assert_array_equal(cell.discharges[7].volts, [4.1, 3.4])


def test_what_can_t_be_read_is_named(tmp_path):
    with pytest.raises(DataError, match="no such folder"):
        read_cells(tmp_path / "absent")
    with pytest.raises(DataError, match="no archive like"):
        read_cells(tmp_path)
    archive(tmp_path, "X1_charge.tar.gz", {"charge_1.csv": "a,b\n1,2\n"})
    with pytest.raises(DataError, match=r"X1_charge\.tar\.gz: charge_1\.csv: .*charge_time"):
        read_cells(tmp_path)
    archive(tmp_path, "X1_charge.tar.gz", {"charge_1.csv": CHARGE.replace("1.5", "much")})
    with pytest.raises(DataError, match="no CSV of a cycle"):
        read_cells(tmp_path)


def test_a_truncated_archive_is_named(tmp_path):
    archive(tmp_path, "X1_charge.tar.gz", {"charge_1.csv": CHARGE * 500})
    whole = (tmp_path / "X1_charge.tar.gz").read_bytes()
    (tmp_path / "X1_charge.tar.gz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DataError, match="damaged"):
        read_cells(tmp_path)
