"""``whipstitch user``: people who sign in to the dashboard."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from whipstitch.cli.options import Database, DataDir, Json, RoleChoice
from whipstitch.cli.output import minute, print_fields, print_json, print_table, timestamp
from whipstitch.cli.session import registry_session

if TYPE_CHECKING:
    from whipstitch.registry.values import NewUser, User

app = typer.Typer(help="People who sign in to the dashboard.", no_args_is_help=True)

Email = Annotated[
    str, typer.Argument(metavar="EMAIL", help="The address they sign in with.", show_default=False)
]
_ROLE_HELP = "viewer reads; editor also saves; admin also manages."


@app.command()
def create(
    email: Email,
    role: Annotated[RoleChoice, typer.Option(help=_ROLE_HELP, show_default=False)],
    project: Annotated[
        str | None,
        typer.Option(
            metavar="PROJECT",
            help="Id or name of the only project that they see; without it they see all, and an "
            "admin manages users, too.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make somebody who may sign in. Their password is shown this once."""
    with registry_session(data_dir, database, as_json) as registry:
        made = registry.invite_user(email, role.value, project)
    _tell_password(made, as_json)


@app.command("list")
def list_(data_dir: DataDir = None, database: Database = None, as_json: Json = False) -> None:
    """List who may sign in."""
    with registry_session(data_dir, database, as_json) as registry:
        users = registry.list_users()
    if as_json:
        print_json({"users": [_as_json(user) for user in users]})
        return
    print_table(
        ("E-mail", "Role", "Project", "Created"),
        [
            (user.email, user.role, user.project_id or "all", minute(user.created_at))
            for user in users
        ],
    )


@app.command("role")
def set_role(
    email: Email,
    role: Annotated[
        RoleChoice, typer.Argument(metavar="ROLE", help=_ROLE_HELP, show_default=False)
    ],
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Give a user another role. The only admin stays one."""
    with registry_session(data_dir, database, as_json) as registry:
        user = registry.set_role(email, role.value)
    if as_json:
        print_json(_as_json(user))
    else:
        typer.echo(f"{user.email} has the role {user.role} now.")


@app.command("reset-password")
def reset_password(
    email: Email, data_dir: DataDir = None, database: Database = None, as_json: Json = False
) -> None:
    """Give a user a new password, shown this once. They are signed out everywhere."""
    with registry_session(data_dir, database, as_json) as registry:
        made = registry.reset_password(email)
    _tell_password(made, as_json)


@app.command()
def delete(
    email: Email, data_dir: DataDir = None, database: Database = None, as_json: Json = False
) -> None:
    """Delete a user, who is signed out everywhere. The only admin stays."""
    with registry_session(data_dir, database, as_json) as registry:
        user = registry.delete_user(email)
    if as_json:
        print_json(_as_json(user))
    else:
        typer.echo(f"Deleted {user.email}.")


def _tell_password(made: NewUser, as_json: bool) -> None:
    if as_json:
        print_json({**_as_json(made.user), "password": made.password})
        return
    print_fields([("E-mail", made.user.email), ("Password", made.password)])
    typer.echo("Keep the password now: it cannot be shown again.", err=True)


def _as_json(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "role": user.role,
        "project_id": user.project_id,
        "created_at": timestamp(user.created_at),
    }
