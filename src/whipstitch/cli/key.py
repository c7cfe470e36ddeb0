"""``whipstitch key``: ingestion keys, with which clients send."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from whipstitch.cli.options import Database, DataDir, EnvironmentChoice, Json, ProjectArgument
from whipstitch.cli.output import minute, print_json, print_table, timestamp
from whipstitch.cli.session import registry_session

if TYPE_CHECKING:
    from whipstitch.registry.values import Key

app = typer.Typer(help="Make, list and revoke ingestion keys.", no_args_is_help=True)


@app.command()
def create(
    project: ProjectArgument,
    environment: Annotated[
        EnvironmentChoice,
        typer.Option(help="Which data it sends: live and test never mix.", show_default=False),
    ],
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Make one more key; those before it stay valid."""
    with registry_session(data_dir, database, as_json) as registry:
        key = registry.create_key(project, environment.value)
    if as_json:
        print_json(_as_json(key))
    else:
        typer.echo(key.key)


@app.command("list")
def list_(
    project: ProjectArgument,
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """List a project's keys, revoked ones among them."""
    with registry_session(data_dir, database, as_json) as registry:
        keys = registry.list_keys(project)
    if as_json:
        print_json({"keys": [_as_json(key) for key in keys]})
        return
    print_table(
        ("Id", "Key", "Environment", "Created", "Revoked"),
        [
            (
                key.id,
                key.key,
                key.environment,
                minute(key.created_at),
                minute(key.revoked_at),
            )
            for key in keys
        ],
    )


@app.command()
def revoke(
    key: Annotated[
        str, typer.Argument(metavar="KEY", help="The key itself or its id.", show_default=False)
    ],
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Revoke a key: within 2 seconds nobody can send with it any more."""
    with registry_session(data_dir, database, as_json) as registry:
        revoked = registry.revoke_key(key)
    if as_json:
        print_json(_as_json(revoked))
    else:
        typer.echo(f"Revoked {revoked.key}.")


def _as_json(key: Key) -> dict[str, Any]:
    return {
        "key_id": key.id,
        "key": key.key,
        "project_id": key.project_id,
        "environment": key.environment,
        "created_at": timestamp(key.created_at),
        "revoked_at": timestamp(key.revoked_at),
    }
