"""`telltale status`: what runs, how far it is, what is stored, what was refused."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import psutil
import typer

from app.cli.options import Json
from app.cli.output import print_json, print_table
from app.cli.watching import WatchOption, shown
from app.settings import Settings, load_settings
from contracts.errors import TelltaleError
from infra.offsets import group_lags, topic_offsets
from infra.run_files import all_running
from infra.store import ClickHouseStore


class Process(msgspec.Struct, frozen=True):
    """A running process of this home."""

    name: str
    pid: int
    address: str
    memory_mb: int


class TopicStatus(msgspec.Struct, frozen=True):
    """A topic: messages it holds, its end offsets by partition, lag by consumer group."""

    topic: str
    messages: int
    end: list[int]
    lag: dict[str, int]


class Status(msgspec.Struct, frozen=True):
    """Everything that `telltale status` tells; `problems` names what couldn't be asked."""

    processes: list[Process]
    topics: list[TopicStatus]
    tables: dict[str, int]
    dead_letters: dict[str, int]
    champions: dict[str, str]
    problems: list[str]


def status(*, watch: WatchOption = False, as_json: Json = False) -> None:
    """Show processes, topics with lag, rows by table, dead letters by reason, champions."""
    settings = load_settings()
    shown(lambda: _print(gather(settings), as_json=as_json), watch=watch)


def _print(found: Status, *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    print_table(
        "Processes",
        ("name", "pid", "address", "memory MB"),
        [(one.name, str(one.pid), one.address, one.memory_mb) for one in found.processes],
    )
    print_table(
        "Topics",
        ("topic", "messages", "lag"),
        [(one.topic, one.messages, _lag_text(one.lag)) for one in found.topics],
    )
    print_table("Tables", ("table", "rows"), found.tables.items())
    print_table("Dead letters", ("reason", "count"), found.dead_letters.items())
    print_table("Champions", ("profile", "model"), found.champions.items())
    for problem in found.problems:
        typer.echo(problem, err=True)


def gather(settings: Settings) -> Status:
    """Ask every part; one that is away becomes a problem and doesn't hide the others."""
    problems: list[str] = []

    def ask(question: Callable[[Settings], Any], otherwise: Any) -> Any:  # noqa: ANN401
        try:
            return question(settings)
        except TelltaleError as error:
            problems.append(str(error))
            return otherwise

    tables, letters = ask(_stored, ({}, {}))
    return Status(
        processes(settings), ask(_topics, []), tables, letters, champions(settings), problems
    )


def processes(settings: Settings) -> list[Process]:
    """The running processes of this home."""
    found = []
    for entry in all_running(settings.home):
        try:
            memory = psutil.Process(entry.pid).memory_info().rss
        except psutil.Error:
            continue
        found.append(Process(entry.name, entry.pid, entry.address, memory // 1_000_000))
    return found


def champions(settings: Settings) -> dict[str, str]:
    """The champion of each profile that has one."""
    found = {}
    for path in sorted(settings.models_dir.glob("*/aliases.json")):
        aliases = json.loads(path.read_text())
        champion = aliases.get("champion")
        if champion:
            found[path.parent.name] = str(champion)
    return found


def _topics(settings: Settings) -> list[TopicStatus]:
    kafka = settings.broker()
    lags = group_lags(kafka)
    return [
        TopicStatus(
            name,
            topic.messages,
            [topic.end[partition] for partition in sorted(topic.end)],
            {group: lag[topic.topic] for group, lag in lags.items() if topic.topic in lag},
        )
        for name, topic in topic_offsets(kafka).items()
    ]


def _stored(settings: Settings) -> tuple[dict[str, int], dict[str, int]]:
    store = ClickHouseStore(settings.store(), patience_s=3).clickhouse
    tables = store.rows(
        "SELECT table, sum(rows) FROM system.parts WHERE active AND database = %(database)s "
        "GROUP BY table ORDER BY table",
        database=store.database,
    )
    letters = store.rows(
        "SELECT reason, count() FROM dead_letters FINAL GROUP BY reason ORDER BY reason"
    )
    return dict(tables), dict(letters)


def _lag_text(lag: dict[str, int]) -> str:
    return ", ".join(f"{group} {count:,}" for group, count in sorted(lag.items()))
