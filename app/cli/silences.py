"""`telltale alerts silence`, `silences`, `unsilence`: what keeps alerts quiet, and until when."""

from typing import Annotated

import typer

from alerts.silences import complaint
from app.cli.desk import ask, conclude, opened, span_ms
from app.cli.options import Json
from app.cli.output import print_json, print_table, when
from contracts.errors import DataError
from infra.reads import silences as stored

WhyOption = Annotated[str, typer.Option("--why", help="Why.")]


def silences(*, as_json: Json = False) -> None:
    """List what holds now or later."""
    with opened() as context:
        found = stored.silences(context.store, context.tenant, context.now_ms())
    if as_json:
        print_json({"silences": found})
        return
    rows = [
        (
            one.silence_id,
            ", ".join(f"{name}={value}" for name, value in one.matchers.items()),
            when(one.since_ms),
            when(one.until_ms),
            one.actor,
            one.why,
        )
        for one in found
    ]
    print_table("Silences", ("id", "matches", "since", "until", "who", "why"), rows)


def silence(
    match: Annotated[
        list[str], typer.Argument(help="field=value, like depot=Lyon or vehicle=V00*; all match.")
    ],
    *,
    span: Annotated[str, typer.Option("--for", help='For how long, like "2d" or "6h".')],
    why: WhyOption = "",
    as_json: Json = False,
) -> None:
    """Keep alerts that match quiet for a while."""
    matchers = dict(_pair(text) for text in match)
    wrong = complaint(matchers)
    if wrong:
        raise DataError(wrong)
    with opened() as context:
        until_ms = context.now_ms() + span_ms(span, "--for")
        command = ask(context, "silence", None, why=why, matchers=matchers, until_ms=until_ms)
        conclude(context, command, as_json=as_json)


def unsilence(
    silence_id: Annotated[str, typer.Argument(help="The id that `alerts silences` shows.")],
    *,
    why: WhyOption = "",
    as_json: Json = False,
) -> None:
    """End a silence now."""
    with opened() as context:
        command = ask(context, "unsilence", None, alert_id=silence_id, why=why)
        conclude(context, command, as_json=as_json)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise DataError(f"{text!r}: write field=value, like depot=Lyon")
    return name.strip(), value.strip()
