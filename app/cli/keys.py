"""`telltale keys`: keys of programs and devices."""

import time
from typing import Annotated

import typer

from app.access.people import role_named
from app.cli.acting import TenantOption, acting, desk
from app.cli.options import Json
from app.cli.output import print_done, print_json, print_table, when
from app.settings import load_settings
from contracts.errors import DataError
from features.profile import milliseconds
from infra.access.keys import Keys
from infra.clickhouse import ClickHouse

app = typer.Typer(help="Keys of programs and devices.", no_args_is_help=True)


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    *,
    role: Annotated[
        str, typer.Option(help="fleet_manager, service_desk, data_scientist, admin or ingest.")
    ] = "ingest",
    vehicles: Annotated[
        list[str] | None, typer.Option(help='For ingest: ids or patterns like "V00*"; repeat it.')
    ] = None,
    expires: Annotated[str, typer.Option(help='After how long, like "90d"; "" = never.')] = "",
    tenant: TenantOption = "",
    as_json: Json = False,
) -> None:
    """Make a key. Its text is shown this once."""
    by = acting(tenant)
    expires_ms = by.now_ms + _duration_ms(expires) if expires else 0
    key, text = desk().new_key(by, name, role_named(role), vehicles or [], expires_ms)
    if as_json:
        print_json({"key_id": key.key_id, "key": text, "role": key.role, "tenant": key.tenant})
        return
    typer.echo(text)
    typer.echo("Keep it now: Telltale has only its hash.", err=True)
    if load_settings().api.auth == "auto":
        typer.echo(
            "From now on the API asks everyone who he is; `telltale users create` lets people in.",
            err=True,
        )


@app.command("list")
def list_keys(*, tenant: TenantOption = "", as_json: Json = False) -> None:
    """List a tenant's keys, without their secrets."""
    settings = load_settings()
    found = Keys(ClickHouse(settings.store())).of(tenant or settings.tenant)
    now_ms = time.time_ns() // 1_000_000
    lines = [
        {
            "key_id": key.key_id,
            "name": key.name,
            "role": key.role,
            "vehicles": list(key.vehicles),
            "created": when(key.created_ms),
            "expires": when(key.expires_ms),
            "state": "holds" if key.holds(now_ms) else "revoked" if key.revoked else "expired",
        }
        for key in found
    ]
    if as_json:
        print_json({"keys": lines})
        return
    columns = ("id", "name", "role", "vehicles", "created", "expires", "state")
    rows = [[" ".join(v) if isinstance(v, list) else v for v in line.values()] for line in lines]
    print_table("Keys", columns, rows)


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The id that `keys list` shows.")],
    *,
    tenant: TenantOption = "",
    as_json: Json = False,
) -> None:
    """End a key. Running processes know it within 5 s."""
    key = desk().revoke_key(acting(tenant), key_id)
    text = f"Key {key.key_id} ({key.name}) opens nothing any more."
    print_done(text, as_json=as_json, key_id=key.key_id, name=key.name, state="revoked")


def _duration_ms(text: str) -> int:
    try:
        return milliseconds(text)
    except ValueError as error:
        raise DataError(f"--expires: {error}") from None
