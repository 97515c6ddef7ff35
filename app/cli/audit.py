"""`telltale audit`: who changed what."""

from typing import Annotated

import typer

from app.cli.acting import TenantOption
from app.cli.options import Json
from app.cli.output import print_json, print_table, when
from app.settings import load_settings
from infra.access.audit import Audit
from infra.clickhouse import ClickHouse


def audit(
    *,
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="The newest so many.")] = 50,
    actor: Annotated[str, typer.Option(help="Only what this one did.")] = "",
    tenant: TenantOption = "",
    as_json: Json = False,
) -> None:
    """Show who changed what, the newest first."""
    settings = load_settings()
    store = ClickHouse(settings.store())
    found = Audit(store).of(tenant or settings.tenant, limit=limit, actor=actor)
    if as_json:
        print_json({"deeds": found})
        return
    rows = [
        (
            when(one.time_ms),
            one.actor,
            one.role,
            one.action,
            one.target,
            str(one.status or ""),
            one.detail,
        )
        for one in found
    ]
    print_table("Audit", ("time", "who", "role", "did", "what", "status", "detail"), rows)
