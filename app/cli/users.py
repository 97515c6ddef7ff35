"""`telltale users`: people who sign in."""

import sys
from typing import Annotated

import typer

from app.access.people import role_named
from app.cli.acting import TenantOption, acting, desk
from app.cli.options import Json
from app.cli.output import print_done, print_json, print_table, when
from app.settings import load_settings
from contracts.access import User
from infra.access.users import Users
from infra.clickhouse import ClickHouse

app = typer.Typer(help="People who sign in.", no_args_is_help=True)
Login = Annotated[str, typer.Argument(help="Login, such as an e-mail address.")]


@app.command()
def create(
    login: Login,
    *,
    role: Annotated[
        str, typer.Option(help="fleet_manager, service_desk, data_scientist or admin.")
    ],
    name: Annotated[str, typer.Option(help="As others read it.")] = "",
    oidc: Annotated[bool, typer.Option(help="Signs in at the identity provider only.")] = False,
    tenant: TenantOption = "",
    as_json: Json = False,
) -> None:
    """Add a person. The password is asked for, or read from standard input."""
    password = None if oidc else _password()
    user = desk().new_user(acting(tenant), login, name, role_named(role), password)
    _print(user, f"{user.login} may sign in as {user.role} of {user.tenant}.", as_json=as_json)


@app.command("list")
def list_users(*, tenant: TenantOption = "", as_json: Json = False) -> None:
    """List a tenant's people."""
    settings = load_settings()
    lines = [
        {
            "login": user.login,
            "name": user.name,
            "role": user.role,
            "created": when(user.created_ms),
            "state": _state(user),
        }
        for user in Users(ClickHouse(settings.store())).of(tenant or settings.tenant)
    ]
    if as_json:
        print_json({"users": lines})
        return
    columns = ("login", "name", "role", "created", "state")
    print_table("People", columns, [list(line.values()) for line in lines])


@app.command()
def disable(login: Login, *, tenant: TenantOption = "", as_json: Json = False) -> None:
    """Let a person in no more; the sessions end within 5 s."""
    user = desk().change_user(acting(tenant), login, disabled=True)
    _print(user, f"{user.login} can't sign in any more.", as_json=as_json)


@app.command()
def enable(login: Login, *, tenant: TenantOption = "", as_json: Json = False) -> None:
    """Let a disabled person in again."""
    user = desk().change_user(acting(tenant), login, disabled=False)
    _print(user, f"{user.login} may sign in again.", as_json=as_json)


@app.command()
def password(login: Login, *, tenant: TenantOption = "", as_json: Json = False) -> None:
    """Set another password, asked for or read from standard input; the sessions end."""
    user = desk().change_user(acting(tenant), login, password=_password())
    _print(user, f"{user.login} has another password.", as_json=as_json)


def _print(user: User, text: str, *, as_json: bool) -> None:
    print_done(
        text,
        as_json=as_json,
        login=user.login,
        role=user.role,
        tenant=user.tenant,
        state=_state(user),
    )


def _state(user: User) -> str:
    return "disabled" if user.disabled else "password" if user.password else "oidc"


def _password() -> str:
    if sys.stdin.isatty():
        return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")
