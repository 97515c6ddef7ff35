from pathlib import Path

from ingest.adapters import carobd, cmapss, kit_obd, machines
from ingest.adapters.formats import FORMATS

TEXT = (Path(__file__).parents[3] / "docs" / "adapters.md").read_text()


def test_the_document_names_every_format_and_every_column_with_its_signal():
    for name in FORMATS:
        assert f"(`{name}`" in TEXT
    for column in carobd._SIGNALS:
        assert f"| `{column.name}` | `{column.path}` |" in TEXT
    for name, path in kit_obd._PATHS.items():
        assert f"| `{name}` | {f'`{path}`' if path else 'none'}" in TEXT
    assert ", ".join(f"`{name}`" for name in cmapss._SIGNALS) in TEXT
    for column in machines._COLUMNS.columns:
        assert f"`{column.path}`" in TEXT
