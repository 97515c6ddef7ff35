"""Fixtures that every room's tests share."""

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of public data sets; tests that need it skip where it is absent."""
    default = Path(__file__).parents[1] / ".." / "shared" / "data"
    folder = Path(os.environ.get("TELLTALE_TEST_DATA", default)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no public data at TELLTALE_TEST_DATA ({folder.name} is absent)")
    return folder
