"""The worked document of docs/notebook.md does what it says."""

import re
from pathlib import Path

NOTEBOOK = Path(__file__).parents[2] / "docs" / "notebook.md"


def test_every_block_of_the_notebook_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    text = NOTEBOOK.read_text()
    blocks = list(re.finditer(r"^```python\n(.*?)^```", text, re.DOTALL | re.MULTILINE))
    assert len(blocks) == 8
    names = {}
    for block in blocks:
        # Errors name the line of the document.
        lines = "\n" * text.count("\n", 0, block.start(1))
        exec(compile(lines + block[1], NOTEBOOK, "exec"), names)
    said = capsys.readouterr().out
    assert "rows before a failure" in said
    assert "roll back" in said
    assert (tmp_path / "models" / "truck-diesel" / "aliases.json").exists()
