"""`telltale dead-letters`: what was refused and why, and sending it back."""

from collections import deque
from datetime import UTC, datetime
from typing import Annotated, get_args

import msgspec
import typer

from app.cli.options import Json
from app.cli.output import print_json, print_table
from app.settings import load_settings
from contracts.dead_letters import Reason
from contracts.errors import SettingsError
from infra.dead_letters import Kept, read_letters, replay_withheld
from infra.dead_letters import replay as replay_letters
from infra.store import ClickHouseStore

app = typer.Typer(help="What was refused and why.", no_args_is_help=True)


class Line(msgspec.Struct, frozen=True):
    """A dead letter without its bytes."""

    offset: int
    time: str
    reason: str
    detail: str
    topic: str
    partition: int
    source_offset: int
    bytes: int


ReasonOption = Annotated[str, typer.Option(help="Only letters with this reason.")]


@app.command("list")
def list_letters(
    *,
    reason: ReasonOption = "",
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 50,
    as_json: Json = False,
) -> None:
    """List the newest dead letters."""
    _check(reason)
    kafka = load_settings().broker()
    found = (kept for kept in read_letters(kafka) if reason in {"", kept.letter.reason})
    lines = [_line(kept) for kept in deque(found, maxlen=limit)]
    if as_json:
        print_json({"dead_letters": lines})
        return
    columns = ("time", "reason", "detail", "topic", "partition", "offset", "bytes")
    rows = [
        (
            line.time,
            line.reason,
            line.detail,
            line.topic,
            str(line.partition),
            str(line.source_offset),
            line.bytes,
        )
        for line in lines
    ]
    print_table("Dead letters", columns, rows)


@app.command("withheld")
def list_withheld(*, as_json: Json = False) -> None:
    """List refusals that got no letter because there were too many, with their offsets."""
    accounts = ClickHouseStore(load_settings().store()).withheld()
    if as_json:
        print_json({"withheld": accounts})
        return
    columns = ("minute", "topic", "partition", "withheld", "bytes", "reasons", "offsets")
    rows = [
        (
            _time(one.minute_ms),
            one.topic,
            str(one.partition),
            f"{one.count:,}",
            one.bytes,
            ", ".join(f"{reason} {count:,}" for reason, count in sorted(one.reasons.items())),
            ", ".join(f"{start}-{end - 1}" for start, end in one.spans[:8])
            + (f" and {len(one.spans) - 8} spans more" if len(one.spans) > 8 else ""),
        )
        for one in accounts
    ]
    print_table("Withheld dead letters", columns, rows)


@app.command()
def replay(
    *,
    reason: ReasonOption = "",
    again: Annotated[bool, typer.Option(help="Also those that went back before.")] = False,
    withheld: Annotated[
        bool, typer.Option("--withheld", help="Those without a letter, from the log, all of them.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Send dead letters back to their topic, each once."""
    _check(reason)
    settings = load_settings()
    if withheld:
        accounts = ClickHouseStore(settings.store()).withheld()
        done = replay_withheld(settings.broker(), accounts)
        if not as_json:
            left = f"{done.left:,} are no longer in the log, or in a topic of others"
            typer.echo(f"{done.sent:,} went back; {left}.")
            return
    else:
        done = replay_letters(settings.broker(), reason, again=again)
    if as_json:
        print_json({"sent": done.sent, "left": done.left})
        return
    typer.echo(f"{done.sent:,} went back; {done.left:,} came from files or requests and can't.")


def _check(reason: str) -> None:
    if reason and reason not in get_args(Reason):
        msg = f"--reason {reason}: choose from {', '.join(get_args(Reason))}"
        raise SettingsError(msg)


def _time(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds")


def _line(kept: Kept) -> Line:
    letter = kept.letter
    return Line(
        kept.offset,
        _time(letter.time_ms),
        letter.reason,
        letter.detail,
        letter.topic,
        letter.partition,
        letter.offset,
        len(letter.payload),
    )
