"""``whipstitch token``: tokens of the query API, with which programs read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from whipstitch.cli.options import Database, DataDir, Json, ProjectArgument, RoleChoice
from whipstitch.cli.output import minute, print_json, print_table, timestamp
from whipstitch.cli.session import registry_session

if TYPE_CHECKING:
    from whipstitch.registry.values import Token

app = typer.Typer(help="Make, list and revoke tokens of the query API.", no_args_is_help=True)


@app.command()
def create(
    project: Annotated[
        str,
        typer.Option(metavar="PROJECT", help="Id or name of the project.", show_default=False),
    ],
    role: Annotated[
        RoleChoice,
        typer.Option(
            help="viewer reads; editor also saves; admin also manages.", show_default=False
        ),
    ],
    name: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="What it is for, to tell it by.", show_default=False),
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make a token. It is shown this once and kept only as a hash."""
    with registry_session(data_dir, database, as_json) as registry:
        made = registry.create_token(project, role.value, name)
    if as_json:
        print_json({"token": made.secret, **_as_json(made.token)})
        return
    typer.echo(made.secret)
    typer.echo("Keep it now: it cannot be shown again.", err=True)


@app.command("list")
def list_(
    project: ProjectArgument,
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """List a project's tokens, by their last characters."""
    with registry_session(data_dir, database, as_json) as registry:
        tokens = registry.list_tokens(project)
    if as_json:
        print_json({"tokens": [_as_json(token) for token in tokens]})
        return
    print_table(
        ("Id", "Token", "Role", "Name", "Created", "Revoked"),
        [
            (
                token.id,
                f"…{token.ends_with}",
                token.role,
                token.name or "",
                minute(token.created_at),
                minute(token.revoked_at),
            )
            for token in tokens
        ],
    )


@app.command()
def revoke(
    token: Annotated[
        str,
        typer.Argument(metavar="TOKEN", help="The token itself or its id.", show_default=False),
    ],
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Revoke a token: nobody can read with it any more."""
    with registry_session(data_dir, database, as_json) as registry:
        revoked = registry.revoke_token(token)
    if as_json:
        print_json(_as_json(revoked))
    else:
        typer.echo(f"Revoked {revoked.id} (…{revoked.ends_with}).")


def _as_json(token: Token) -> dict[str, Any]:
    return {
        "token_id": token.id,
        "project_id": token.project_id,
        "role": token.role,
        "name": token.name,
        "ends_with": token.ends_with,
        "created_at": timestamp(token.created_at),
        "revoked_at": timestamp(token.revoked_at),
    }
