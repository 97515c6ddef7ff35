import pytest

from contracts.errors import DataError
from ingest.adapters.formats import FORMATS, recognise
from tests.ingest.adapters import logs


@pytest.mark.parametrize("name", logs.SAMPLES)
def test_a_file_and_a_folder_are_recognised(tmp_path, name):
    file, text, _ = logs.SAMPLES[name]
    (tmp_path / file).write_bytes(text)
    (tmp_path / "README.md").write_text("about")
    (tmp_path / "nothing.csv").write_bytes(b"")
    assert recognise(tmp_path / file) == recognise(tmp_path) == name
    assert FORMATS[name].belongs(tmp_path / file)


def test_what_is_not_known_or_mixed_is_said(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        recognise(tmp_path / "none")
    with pytest.raises(DataError, match="--format forces one of cmapss, machines"):
        recognise(tmp_path)
    for file, text, _ in logs.SAMPLES.values():
        (tmp_path / file).write_bytes(text)
    with pytest.raises(DataError, match="holds cmapss and machines and carobd and kit-obd"):
        recognise(tmp_path)
