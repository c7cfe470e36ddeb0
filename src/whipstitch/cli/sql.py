"""``whipstitch sql user``: users of Whipstitch's own ClickHouse, for BI tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from whipstitch.cli.options import ClickHouse, Database, DataDir, Json
from whipstitch.cli.output import (
    minute,
    print_fields,
    print_json,
    print_table,
    reporting,
    timestamp,
)
from whipstitch.cli.session import registry_session

if TYPE_CHECKING:
    from whipstitch.config.settings import Settings
    from whipstitch.registry.values import SqlAccount

app = typer.Typer(help="Let BI tools read with SQL.", no_args_is_help=True)
users = typer.Typer(
    help="Make, list and delete users who read one project with SQL.", no_args_is_help=True
)
app.add_typer(users, name="user")


@users.command()
def create(
    project: Annotated[
        str,
        typer.Option(metavar="PROJECT", help="Id or name of the project.", show_default=False),
    ],
    name: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="How they sign in: by default after the project.",
            show_default=False,
        ),
    ] = None,
    data_dir: DataDir = None,
    database: Database = None,
    clickhouse: ClickHouse = None,
    as_json: Json = False,
) -> None:
    """Make a user. Their password is shown this once and kept only as a hash."""
    with reporting(as_json):
        from whipstitch.config.settings import Settings

        settings = Settings.load(data_dir=data_dir, database=database, clickhouse=clickhouse)
        where = _where(settings)
    with registry_session(data_dir, database, as_json) as registry:
        made = registry.create_sql_user(project, name)
    if as_json:
        print_json({**_as_json(made.account), "password": made.password, **where})
        return
    print_fields(
        [
            ("User", made.account.name),
            ("Password", made.password),
            ("HTTP", where["http"]),
            ("Native", where["native"]),
            ("Database", where["database"]),
        ]
    )
    typer.echo("Keep the password now: it cannot be shown again.", err=True)


@users.command("list")
def list_(data_dir: DataDir = None, database: Database = None, as_json: Json = False) -> None:
    """List the users of all projects."""
    with registry_session(data_dir, database, as_json) as registry:
        accounts = registry.list_sql_users()
    if as_json:
        print_json({"users": [_as_json(account) for account in accounts]})
        return
    print_table(
        ("User", "Project", "Created"),
        [(one.name, one.project_id, minute(one.created_at)) for one in accounts],
    )


@users.command()
def delete(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="How they sign in.", show_default=False)
    ],
    data_dir: DataDir = None,
    database: Database = None,
    as_json: Json = False,
) -> None:
    """Delete a user: within 2 seconds they can read no more."""
    with registry_session(data_dir, database, as_json) as registry:
        account = registry.delete_sql_user(name)
    if as_json:
        print_json(_as_json(account))
    else:
        typer.echo(f"Deleted {account.name}.")


def _where(settings: Settings) -> dict[str, str]:
    """Where a tool connects to, while the server runs.

    Raises:
        SettingsError: ClickHouse is not Whipstitch's own.
        StorageUnavailable: its directory cannot be used.
    """
    from whipstitch.config.setting_values import local_directory
    from whipstitch.core.errors import SettingsError
    from whipstitch.warehouse.connection import DATABASE
    from whipstitch.warehouse.local.connection import settled, shown_host

    directory = local_directory(settings.clickhouse)
    if directory is None:
        raise SettingsError(
            "Events are stored on a ClickHouse server of your own, and its users are made there: "
            'docs/sql.md, "On a ClickHouse server of your own", has the statements.'
        )
    known = settled(directory, settings.clickhouse_http_port, settings.clickhouse_native_port)
    host = shown_host(settings.clickhouse_listen)
    return {
        "http": f"http://{host}:{known.http_port}",
        "native": f"{host}:{known.native_port}",
        "database": DATABASE,
    }


def _as_json(account: SqlAccount) -> dict[str, Any]:
    return {
        "user": account.name,
        "project_id": account.project_id,
        "created_at": timestamp(account.created_at),
    }
