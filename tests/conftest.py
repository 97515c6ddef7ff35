"""Fixtures that every room's tests share."""

import itertools
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from app.settings import Settings, load_settings
from infra.kafka import ensure_topics
from infra.processes import Backbone
from infra.store import ClickHouseStore

_LONGEST = ("test_end_to_end.py", "test_axe.py", "test_short.py")
"""Files that take minutes: they begin first, or the last one runs while all other cores wait."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.path.name not in _LONGEST)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """The folder of public data sets; tests that need it skip where it is absent."""
    default = Path(__file__).parents[1] / ".." / "shared" / "data"
    folder = Path(os.environ.get("TELLTALE_TEST_DATA", default)).resolve()
    if not folder.is_dir():
        pytest.skip(f"no public data at TELLTALE_TEST_DATA ({folder.name} is absent)")
    return folder


@dataclass
class Stack:
    """A real broker and a real store. `settings` has their addresses; `fresh()` gives settings
    with topics, groups and a database of their own, ready to use.
    """

    settings: Settings
    backbone: Backbone
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def fresh(self) -> Settings:
        number = next(self._numbers)
        home = self.settings.home / f"fresh{number}"
        home.mkdir()
        settings = self.settings.model_copy(
            update={
                "home": home,
                "kafka": self.settings.kafka.model_copy(update={"topic_prefix": f"t{number}-"}),
                "clickhouse": self.settings.clickhouse.model_copy(
                    update={"database": f"fresh_{number}"}
                ),
            }
        )
        ensure_topics(settings.broker())
        ClickHouseStore(settings.store()).migrate()
        return settings


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The embedded broker and store in a home of their own, on free ports."""
    base = load_settings(home=tmp_path_factory.mktemp("home"))
    with Backbone(base.home, base.kafka, base.clickhouse) as backbone:
        addresses = {"kafka": backbone.kafka, "clickhouse": backbone.clickhouse}
        yield Stack(base.model_copy(update=addresses), backbone)
