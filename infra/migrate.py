"""Brings a store's tables up to date: numbered SQL files, each applied once, and the views."""

import time
from collections.abc import Iterable
from importlib.resources import files

from contracts.errors import DataError
from features.profile import Profile, builtin_profiles
from infra.clickhouse import ClickHouse

_TABLE = """
CREATE TABLE IF NOT EXISTS schema_migrations (
    number UInt32,
    name String,
    applied DateTime64(3, 'UTC')
) ENGINE = ReplacingMergeTree ORDER BY number
"""


def migrate(store: ClickHouse, profiles: Iterable[Profile] | None = None) -> list[str]:
    """Create the database, apply what is missing, make the views anew; names of what was applied.

    Statements say IF NOT EXISTS, so that two processes may do this at once.
    """
    store.create_database()
    store.command(_TABLE)
    done = {row[0] for row in store.rows("SELECT number FROM schema_migrations FINAL")}
    applied = []
    for number, name, sql in _migrations():
        if number in done:
            continue
        for statement in _statements(sql):
            store.command(statement)
        store.command(
            "INSERT INTO schema_migrations VALUES "
            "(%(number)s, %(name)s, fromUnixTimestamp64Milli(%(now)s))",
            number=number,
            name=name,
            now=time.time_ns() // 1_000_000,
        )
        applied.append(name)
    if profiles is None:
        profiles = builtin_profiles().values()
    for profile in profiles:
        store.command(view_sql(profile))
    return applied


def view_sql(profile: Profile) -> str:
    """A view of a profile's summaries with a column a signal: its mean in each frame."""
    means = ",\n    ".join(
        f"mean[{index}] AS {signal.column}" for index, signal in enumerate(profile.signals, start=1)
    )
    return (
        f"CREATE OR REPLACE VIEW {view_name(profile.name)} AS\n"
        f"SELECT tenant, vehicle_id, time, seq,\n    {means}\n"
        f"FROM summaries FINAL WHERE profile = '{profile.name}'"
    )


def view_name(profile: str) -> str:
    """`car-combustion` -> `car_combustion_summaries`."""
    name = f"{profile.replace('-', '_')}_summaries"
    if not name.isidentifier():
        raise DataError(f"profile {profile!r} can't name a view; use letters, digits and hyphens")
    return name


def _migrations() -> list[tuple[int, str, str]]:
    folder = files("infra").joinpath("migrations")
    found = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    return [
        (int(name[:4]), name.removesuffix(".sql"), folder.joinpath(name).read_text("utf-8"))
        for name in found
    ]


def _statements(sql: str) -> list[str]:
    return [part.strip() for part in sql.split(";\n") if part.strip(" ;\n")]
